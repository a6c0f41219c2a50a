/// An open file of the machine's file system.
internal import Glibc
internal import Primitives

final class DiskFile: StoredFile {
    /// 1 MiB: few calls, and little memory.
    private static let pieceByteCount = 1 << 20

    private let descriptor: Int32
    private let path: String

    /// Takes over a descriptor.
    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    func byteCount() throws(StorageFailure) -> Int {
        var status = stat()
        if fstat(descriptor, &status) < 0 { throw .ofCall("fstat", path) }
        return Int(status.st_size)
    }

    func read(into destination: UnsafeMutableBufferPointer<UInt8>, at offset: Int) throws(StorageFailure)
        -> Int
    {
        var done = 0
        while done < destination.count {
            let rest = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(destination)[done...])
            let count = uninterrupted {
                pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            }
            if count < 0 { throw .ofCall("pread", path) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ source: UnsafeBufferPointer<UInt8>, at offset: Int) throws(StorageFailure) {
        var done = 0
        while done < source.count {
            let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(source)[done...])
            let count = uninterrupted {
                pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            }
            if count < 0 { throw .ofCall("pwrite", path) }
            // A disk that takes nothing and gives no reason is full.
            if count == 0 { throw .ofCall("pwrite", path, ENOSPC) }
            done += count
        }
    }

    func sync() throws(StorageFailure) {
        if uninterrupted({ Int(fdatasync(descriptor)) }) < 0 { throw .ofCall("fdatasync", path) }
    }

    func truncate(to byteCount: Int) throws(StorageFailure) {
        if uninterrupted({ Int(ftruncate(descriptor, off_t(byteCount))) }) < 0 {
            throw .ofCall("ftruncate", path)
        }
    }

    /// Sets space aside, so that a full disk is met here, and writes zeros, so that a sync of what is written over them has
    /// no metadata to write: it takes half the time.
    func fill(byteCount: Int) throws(StorageFailure) {
        guard byteCount > 0 else { return }
        var reason: Int32
        repeat { reason = posix_fallocate(descriptor, 0, off_t(byteCount)) } while reason == EINTR
        if reason != 0 { throw .ofCall("posix_fallocate", path, reason) }
        let zeros = [UInt8](repeating: 0, count: min(byteCount, Self.pieceByteCount))
        for offset in stride(from: 0, to: byteCount, by: Self.pieceByteCount) {
            try write(Array(zeros.prefix(byteCount - offset)), at: offset)
        }
    }

    func write(_ bytes: [UInt8], at offset: Int = 0) throws(StorageFailure) {
        try bytes.withUnsafeBufferPointer { source throws(StorageFailure) in try write(source, at: offset) }
    }

    /// Fills `bytes` from the file's beginning.
    func read(into bytes: inout [UInt8]) throws(StorageFailure) -> Int {
        try bytes.withUnsafeMutableBufferPointer { destination throws(StorageFailure) in
            try read(into: destination, at: 0)
        }
    }

    /// Takes the file's lock; false when somebody else has it.
    func lock() throws(StorageFailure) -> Bool {
        if uninterrupted({ Int(flock(descriptor, LOCK_EX | LOCK_NB)) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw .ofCall("flock", path)
    }
}
