/// Writes a snapshot beside the log, and then clears away what it makes superfluous.
internal import Primitives

/// Owned by one thread, which need not be the journal's. It touches only files that the journal leaves alone until it is told of
/// the end: the new snapshot, snapshots that are older than the last one, and segments that the last one covers.
package final class SnapshotWriter {
    private static let pieceByteCount = 1 << 20

    private let pending: PendingSnapshot
    private let folder: any StorageFolder
    private let file: any StoredFile
    private let header: FileHeader
    private var buffer = ByteBuffer()
    private var offset = 0
    private var chunkCount: UInt64 = 0

    package init(_ pending: PendingSnapshot) throws(StorageFailure) {
        self.pending = pending
        folder = pending.folder
        header = pending.header
        file = try folder.create(pending.unfinishedName, byteCount: 0)
        header.write(into: &buffer)
    }

    /// Writes the next piece of the state, 1 MiB or so: a reader holds a whole one.
    package func append(_ chunk: Span<UInt8>) throws(StorageFailure) {
        guard chunk.count <= RecordHeader.bodyByteCountLimit else {
            throw .tooLarge(byteCount: chunk.count, limit: RecordHeader.bodyByteCountLimit)
        }
        append(.entry, chunk)
        if buffer.count >= Self.pieceByteCount { try write() }
    }

    /// Makes the snapshot count, and then removes what nobody needs any more.
    package func finish() throws(StorageFailure) -> FinishedSnapshot {
        append(.end)
        try write()
        try file.sync()
        let finished = SnapshotFile(position: header.number, byteCount: offset)
        try folder.rename(pending.unfinishedName, to: finished.name)
        try folder.sync()
        return clearAway(finished)
    }

    /// Removes what was written so far: instead of `finish`, or after a failure, so that a full disk gets the space back.
    package func abandon() throws(StorageFailure) {
        try folder.remove(pending.unfinishedName)
    }

    private func append(_ kind: RecordKind, _ body: Span<UInt8> = Span()) {
        chunkCount += 1
        RecordHeader.write(
            kind, body, position: chunkCount, syncedThrough: 0, header.checksum, into: &buffer)
    }

    private func write() throws(StorageFailure) {
        try file.write(buffer.unsafeBytes, at: offset)
        offset += buffer.count
        buffer.removeAll()
    }

    /// The snapshot counts whatever becomes of this. What is left over the next one removes.
    private func clearAway(_ snapshot: SnapshotFile) -> FinishedSnapshot {
        var finished = FinishedSnapshot(snapshot: snapshot, retired: pending.recyclable)
        do throws(StorageFailure) {
            for name in pending.obsolete {
                try folder.remove(name)
                finished.removed.insert(name)
            }
        } catch {
            finished.clearingFailure = error
        }
        return finished
    }
}

/// A snapshot that is to be written, on any thread.
package struct PendingSnapshot: Sendable {
    let folder: any StorageFolder
    let header: FileHeader
    /// Files that nobody needs once it is there.
    let obsolete: [String]
    /// Segments that nobody needs then, to become spares.
    let recyclable: [RetiredSegment]

    /// The last record that it covers.
    package var position: UInt64 { header.number }

    var unfinishedName: String { FileName.unfinishedSnapshot(position: header.number) }
}

/// A snapshot that counts.
package struct FinishedSnapshot: Sendable {
    let snapshot: SnapshotFile
    let retired: [RetiredSegment]
    var removed: Set<String> = []
    /// Why some file that nobody needs is still there.
    package fileprivate(set) var clearingFailure: StorageFailure?

    package var byteCount: Int { snapshot.byteCount }
}
