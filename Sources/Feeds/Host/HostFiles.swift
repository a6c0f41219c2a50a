/// Reads the kernel's figures: small files of /proc into one reused buffer, statvfs, a count of processes.
internal import Glibc
internal import Primitives

struct HostFiles: ~Copyable {
    private var contents = ByteBuffer()

    /// 4 MiB: no file of /proc that this feed reads comes close, even with thousands of processors.
    private static let byteCountLimit = 4 << 20

    /// The file, as `parse` reads it; nil if it is unreadable, as in some containers.
    mutating func read<Value>(_ path: String, _ parse: (Span<UInt8>) -> Value?) -> Value? {
        contents.removeAll()
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        while contents.count < Self.byteCountLimit {
            var count = 0
            _ = contents.appendUnsafe(upTo: 16 << 10) { free in
                repeat {
                    count = Glibc.read(descriptor, free.baseAddress, free.count)
                } while count < 0
                    && errno == EINTR
                return max(count, 0)
            }
            if count == 0 { return parse(contents.bytes) }
            if count < 0 { return nil }
        }
        return nil
    }

    static func isFolder(_ path: [UInt8]) -> Bool {
        var status = stat()
        return stat(terminated(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Nil for a file system without blocks, or one that statvfs refuses.
    func diskUse(of path: [UInt8]) -> DiskUse? {
        var counts = statvfs()
        guard statvfs(Self.terminated(path), &counts) == 0, counts.f_blocks > 0 else { return nil }
        return DiskUse(
            blockByteCount: UInt64(counts.f_frsize), blocks: UInt64(counts.f_blocks),
            free: UInt64(counts.f_bfree), available: UInt64(counts.f_bavail))
    }

    private static func terminated(_ path: [UInt8]) -> [CChar] {
        path.map { CChar(bitPattern: $0) } + [0]
    }

    /// Whether a block device is a whole disk, not a partition.
    func isWholeDisk(_ name: String) -> Bool {
        // There, an exclamation mark replaces the slash of a name such as "cciss/c0d0".
        let folder = String(name.map { $0 == "/" ? "!" : $0 })
        return access("/sys/block/\(folder)", F_OK) == 0
    }

    /// The folders of /proc whose names are numbers; nil if /proc is unreadable.
    func processCount() -> UInt64? {
        guard let folder = opendir("/proc") else { return nil }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while let entry = readdir(folder) {
            if ASCII.isDigit(UInt8(bitPattern: entry.pointee.d_name.0)) { count += 1 }
        }
        return count
    }
}
