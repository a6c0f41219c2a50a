/// A snapshot's file: a header, pieces of the state as records 1, 2, 3 …, and a record of the end.
internal import Broker
internal import Primitives

/// A snapshot that is there, whole or not.
struct SnapshotFile: Sendable, Equatable {
    let position: UInt64
    let byteCount: Int

    var name: String { FileName.snapshot(position: position).text }
}

extension SnapshotFile {
    init(position: UInt64, in folder: any StorageFolder) throws(StorageFailure) {
        let name = FileName.snapshot(position: position).text
        self.init(position: position, byteCount: try folder.open(name).byteCount())
    }
}

/// A snapshot that is read.
struct SnapshotReader {
    let file: SnapshotFile
    private let stored: any StoredFile
    /// Of the file, in messages.
    private let path: String
    let header: FileHeader

    /// Opens a snapshot; nil if it has no sound header.
    init?(_ file: SnapshotFile, in folder: any StorageFolder) throws(StorageFailure) {
        self.file = file
        path = "\(folder.path)/\(file.name)"
        stored = try folder.open(file.name)
        switch try stored.header(.snapshot, number: file.position) {
        case .header(let header): self.header = header
        case .none: return nil
        case .newerFormat(let found):
            throw .newerFormat(path: path, found: found, known: FileHeader.format)
        }
    }

    /// Hands out the pieces in order. Throws `damaged` when one of them or the end is missing.
    func forEachChunk(_ progress: RestoreProgress, _ take: (Span<UInt8>) throws -> Void) throws {
        let reader = try RecordReader(stored, header.checksum)
        var position: UInt64 = 1
        while case .record(let record) = try reader.read(), record.position == position {
            if record.kind == .end { return }
            guard record.kind == .entry else { break }
            try take(reader.body(of: record))
            reader.pass(record.framedByteCount)
            progress.pass(byteCount: record.framedByteCount)
            position += 1
        }
        throw StorageFailure.damaged(
            path: path, offset: reader.offset, reason: "piece \(position) of the snapshot is not whole")
    }
}

extension StoredFile {
    /// What the beginning of the file says.
    func header(_ kind: FileHeader.Kind, number: UInt64) throws(StorageFailure) -> FileHeader.Reading {
        var block = ByteBuffer()
        _ = try block.appendUnsafe(upTo: FileHeader.blockByteCount) { free throws(StorageFailure) in
            try read(into: UnsafeMutableBufferPointer(rebasing: free[..<FileHeader.blockByteCount]), at: 0)
        }
        return FileHeader.read(block.bytes, kind, number: number)
    }
}
