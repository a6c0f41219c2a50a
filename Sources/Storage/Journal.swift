/// The log's files, written: records go into a buffer, from there into segments, and are made safe by syncs.
internal import Primitives

/// Owned by one thread. What may block for long comes in three steps: `begin…` says what is to do, its `run` does it on any
/// thread while this one goes on, and `finish` takes note of the result. No clock and no thread is in here.
///
/// A file of the log is in one of these places: `current`, which records go to; `left`, full; `spare`, made ahead of time to be
/// the next; `retired`, needed no longer, to become a spare.
package final class Journal {
    let folder: any StorageFolder
    let options: JournalOptions

    /// The position of the last record that the recovery found.
    let recoveredThrough: UInt64
    /// The position of the last record that was appended.
    package private(set) var lastPosition: UInt64
    /// The position of the last record that is in the files: a process may die, and it is there.
    package private(set) var writtenThrough: UInt64
    /// The position of the last record that is safe from a power cut.
    package private(set) var syncedThrough: UInt64

    // MARK: Files

    var current: Segment?
    /// Oldest first.
    var left: [Segment]
    var spare: SpareSegment?
    var retired: [RetiredSegment]
    /// The number of the next segment that is made.
    var nextNumber: UInt64
    var isMakingSpare = false
    /// Oldest first.
    var snapshots: [SnapshotFile]
    var isMakingSnapshot = false

    // MARK: What is under way

    /// Records that are not written yet, with the headers of segments that they begin.
    private var buffer = ByteBuffer()
    /// What of the buffer goes where.
    private var pieces: [Piece] = []
    /// Files in which something may not be safe, oldest first.
    private var unsynced: [any StoredFile] = []
    private var isSyncing = false
    /// What a power cut loses is told from the last segment's mode. So the first segment of a run must be safe before anybody
    /// relies on what it holds; otherwise a loss could look like the clean end of the run before.
    private var isRunMarked: Bool
    /// Whether nothing is appended any more, and whether all is safe.
    private var isEnded = false
    private var isClosed = false
    /// Why nothing works any more; nil as long as it does.
    package private(set) var death: StorageFailure?

    /// Bytes of records since the journal was opened, and at the last snapshot's beginning.
    private(set) var appendedByteCount = 0
    private var snapshotAppendedByteCount: Int

    /// A part of the buffer that goes to one place.
    private struct Piece {
        let segment: Segment
        let offset: Int
        var byteCount: Int
        var lastPosition: UInt64
    }

    /// Goes on behind what `recovery` has read, in a new segment; the first record of it begins it.
    ///
    /// If the recovery was `shortened`, the first record must say that a new epoch has begun: once it is there, the next recovery
    /// finds nothing missing.
    package init(after recovery: Recovery, _ options: JournalOptions) throws(StorageFailure) {
        let log = try recovery.adopt(segmentByteCount: options.segmentByteCount)
        folder = recovery.folder
        self.options = options
        recoveredThrough = log.lastPosition
        lastPosition = log.lastPosition
        writtenThrough = log.lastPosition
        syncedThrough = log.lastPosition
        left = log.segments
        retired = log.retired
        nextNumber = log.nextNumber
        snapshots = log.snapshots
        isRunMarked = options.mode == .always
        snapshotAppendedByteCount = -log.byteCountSinceSnapshot
    }

    // MARK: Appending

    /// Bytes of records, each with its frame (`framedByteCount`), that find room whatever their sizes are.
    package var roomLeft: Int { max(current?.freeByteCount ?? 0, spare?.freeByteCount ?? 0) }

    /// What a record of a body takes.
    package static func framedByteCount(_ bodyByteCount: Int) -> Int {
        RecordHeader.framedByteCount(bodyByteCount)
    }

    /// Puts a record into the buffer and returns its position. It throws `noRoom` if the record needs a spare first.
    package func append(_ body: Span<UInt8>) throws(StorageFailure) -> UInt64 {
        try demandLife()
        precondition(!isEnded, "a record behind the end")
        guard body.count <= RecordHeader.bodyByteCountLimit else {
            throw .tooLarge(byteCount: body.count, limit: RecordHeader.bodyByteCountLimit)
        }
        let framed = RecordHeader.framedByteCount(body.count)
        if framed > current?.freeByteCount ?? -1 {
            guard framed <= spare?.freeByteCount ?? -1 else { throw .noRoom(byteCount: body.count) }
            beginSegment()
        }
        append(.entry, body)
        return lastPosition
    }

    private func append(_ kind: RecordKind, _ body: Span<UInt8> = Span()) {
        guard let current else { preconditionFailure("a record without a segment") }
        lastPosition += 1
        let start = buffer.count
        if pieces.last?.segment !== current {
            pieces.append(
                Piece(
                    segment: current, offset: current.usedByteCount, byteCount: 0, lastPosition: lastPosition)
            )
        }
        RecordHeader.write(
            kind, body, position: lastPosition, syncedThrough: syncedThrough, current.checksum, into: &buffer)
        take(buffer.count - start, for: current)
    }

    /// Takes the spare as the current segment. Its header and its first record are written together.
    private func beginSegment() {
        guard let spare else { preconditionFailure("a segment without a spare") }
        if let current { left.append(current) }
        let header = FileHeader(
            kind: .segment, mode: options.mode, number: spare.number, firstPosition: lastPosition + 1,
            syncedThrough: syncedThrough, salt: options.makeSalt(), bootID: options.bootID,
            isRecycled: spare.isRecycled)
        let segment = Segment(
            number: spare.number, file: spare.file, byteCount: spare.byteCount,
            firstPosition: header.firstPosition, lastPosition: lastPosition, usedByteCount: 0,
            checksum: header.checksum)
        self.spare = nil
        current = segment
        pieces.append(Piece(segment: segment, offset: 0, byteCount: 0, lastPosition: lastPosition))
        header.write(into: &buffer)
        take(FileHeader.blockByteCount, for: segment)
    }

    private func take(_ byteCount: Int, for segment: Segment) {
        segment.usedByteCount += byteCount
        segment.lastPosition = lastPosition
        pieces[pieces.count - 1].byteCount += byteCount
        pieces[pieces.count - 1].lastPosition = lastPosition
        appendedByteCount += byteCount
    }

    // MARK: Writing

    /// Writes the buffer to the files, one call for each segment.
    ///
    /// If the disk is full nothing is lost: the same call can be made again, and writes to the same place. After any other failure
    /// the journal is dead.
    package func write() throws(StorageFailure) {
        try demandLife()
        while let piece = pieces.first {
            do throws(StorageFailure) {
                let bytes = UnsafeBufferPointer(rebasing: buffer.unsafeBytes[..<piece.byteCount])
                try piece.segment.file.write(bytes, at: piece.offset)
            } catch {
                throw error.isFullDisk ? error : die(of: error)
            }
            try markRun(in: piece.segment)
            buffer.consume(piece.byteCount)
            pieces.removeFirst()
            writtenThrough = piece.lastPosition
            if unsynced.last !== piece.segment.file { unsynced.append(piece.segment.file) }
        }
    }

    private func markRun(in segment: Segment) throws(StorageFailure) {
        guard !isRunMarked else { return }
        do throws(StorageFailure) {
            try segment.file.sync()
            isRunMarked = true
        } catch {
            throw die(of: error)
        }
    }

    /// Bytes that `write` would write.
    package var bufferedByteCount: Int { buffer.count }

    // MARK: Syncing

    /// What is written and not safe; nil if there is nothing, or if a sync is under way.
    package func beginSync() throws(StorageFailure) -> PendingSync? {
        try demandLife()
        guard !isSyncing, !unsynced.isEmpty else { return nil }
        isSyncing = true
        defer { unsynced = [] }
        return PendingSync(files: unsynced, through: writtenThrough)
    }

    /// Takes note of how `run` ended. A sync that failed is the end of the journal: what the system has dropped it would call safe
    /// the next time.
    package func finish(_ sync: PendingSync, _ result: Result<Void, StorageFailure>) throws(StorageFailure) {
        precondition(isSyncing, "a sync ended that never began")
        isSyncing = false
        try demandLife()
        if case .failure(let failure) = result { throw die(of: failure) }
        syncedThrough = sync.through
    }

    /// The three steps in a row.
    package func sync() throws(StorageFailure) {
        precondition(!isSyncing, "a sync within a sync")
        guard let sync = try beginSync() else { return }
        try finish(sync, sync.run())
    }

    // MARK: The end

    /// Writes what is left and a record that says that nothing is missing, and syncs. On a full disk it can be called again.
    /// A journal to which nothing was appended leaves the files as they are: what the recovery has said still holds.
    package func close() throws(StorageFailure) {
        try demandLife()
        // Each segment keeps a place for it.
        if current != nil, !isEnded { append(.end) }
        isEnded = true
        try write()
        try sync()
        isClosed = true
    }

    func demandLife() throws(StorageFailure) {
        precondition(!isClosed, "a journal was used that is closed")
        if let death { throw death }
    }

    private func die(of failure: StorageFailure) -> StorageFailure {
        death = failure
        return failure
    }

    /// Bytes of records since the last snapshot began, or since the recovery's.
    package var byteCountSinceSnapshot: Int { appendedByteCount - snapshotAppendedByteCount }

    func noteSnapshot() { snapshotAppendedByteCount = appendedByteCount }

    /// A segment that is covered by snapshots need not be safe any more.
    func forget(_ segment: Segment) { unsynced.removeAll { $0 === segment.file } }
}

/// Files to sync, on any thread.
package struct PendingSync: Sendable {
    let files: [any StoredFile]
    /// What is safe when they are.
    package let through: UInt64

    /// Oldest first, so that a power cut in between leaves no more behind than one before.
    package func run() -> Result<Void, StorageFailure> {
        Result { () throws(StorageFailure) in
            for file in files { try file.sync() }
        }
    }
}
