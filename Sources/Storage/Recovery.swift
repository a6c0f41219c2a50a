/// Reads back what a folder holds: the newest snapshot that is whole, and the log behind it. It changes nothing.
package import Broker
internal import Primitives

/// Owned by one thread. The order of use: `init`, `forEachChunk`, `forEachRecord`, then `continuity` and the like, and
/// `Journal(after:)`.
package final class Recovery {
    let folder: any StorageFolder
    let bootID: BootID
    let progress: RestoreProgress
    let contents: FolderContents
    let segments: [LogSegment]
    let snapshot: SnapshotReader?
    /// Snapshots that are not whole, the newest first, each with what is wrong.
    let damagedSnapshots: [(file: SnapshotFile, failure: StorageFailure)]
    private var walk: LogWalk?

    /// For the log: what is not as it should be, but cost nothing.
    package private(set) var notes: [String] = []
    /// How many bytes of records that were never safe were cut from the end.
    package private(set) var cutByteCount = 0
    private(set) var damage: StorageFailure?
    /// Damage ends the log and is no failure.
    private let toleratesDamage: Bool

    /// The last record that the snapshot covers; 0 without one.
    package var snapshotPosition: UInt64 { snapshot?.file.position ?? 0 }

    /// - Parameter bootID: the machine's present one.
    package convenience init(
        _ folder: any StorageFolder, bootID: BootID, progress: RestoreProgress = RestoreProgress()
    ) throws(StorageFailure) {
        try self.init(folder, bootID: bootID, progress: progress, toleratesDamage: false)
    }

    init(_ folder: any StorageFolder, bootID: BootID, progress: RestoreProgress, toleratesDamage: Bool)
        throws(StorageFailure)
    {
        self.folder = folder
        self.bootID = bootID
        self.progress = progress
        self.toleratesDamage = toleratesDamage
        contents = try FolderContents(of: folder)
        segments = try LogSegment.all(contents.segments, in: folder)
        progress.expect(byteCount: segments.reduce(0) { $0 + $1.byteCount })
        (snapshot, damagedSnapshots) = try Self.newestSnapshot(contents.snapshots, in: folder, progress)
        notes = damagedSnapshots.map { "\($0.failure); an older snapshot and its log are used" }
    }

    /// The newest snapshot that is whole, and those that are not.
    private static func newestSnapshot(
        _ positions: [UInt64], in folder: any StorageFolder, _ progress: RestoreProgress
    ) throws(StorageFailure) -> (SnapshotReader?, [(SnapshotFile, StorageFailure)]) {
        var damaged: [(SnapshotFile, StorageFailure)] = []
        for position in positions {
            let name = FileName.snapshot(position: position).text
            let file = try SnapshotFile(position: position, in: folder)
            // It is read twice: whoever takes the pieces must be able to rely on them.
            progress.expect(byteCount: 2 * file.byteCount)
            guard let reader = try SnapshotReader(file, in: folder) else {
                let path = "\(folder.path)/\(name)"
                damaged.append((file, .damaged(path: path, offset: 0, reason: "it has no sound header")))
                continue
            }
            guard let damage = try reader.damage(progress) else { return (reader, damaged) }
            damaged.append((file, damage))
        }
        return (nil, damaged)
    }

    // MARK: Reading

    /// Hands out the pieces of the snapshot in order.
    package func forEachChunk(_ take: (Span<UInt8>) throws -> Void) throws {
        try snapshot?.forEachChunk(progress, take)
    }

    /// Hands out what was appended after the snapshot, in order. Positions rise; those of records that only say how a run ended
    /// are left out. Throws `damaged` if the log ends before a place that was safe.
    package func forEachRecord(_ take: (UInt64, Span<UInt8>) throws -> Void) throws {
        precondition(walk == nil, "a log was read twice")
        let walk = LogWalk(segments, after: snapshotPosition, progress)
        self.walk = walk
        while let record = try walk.next() {
            guard record.kind == .entry else { continue }
            try walk.withBody(of: record) { try take(record.position, $0) }
        }
        try examineEnd(of: walk)
        progress.finish()
    }

    // MARK: The end of the log

    private func examineEnd(of walk: LogWalk) throws(StorageFailure) {
        // Behind a clean end nothing was written.
        guard !(walk.isEnded && walk.isInLastSegment) else { return }
        cutByteCount = try walk.searchRest()
        damage = damage(at: walk)
        if let damage, !toleratesDamage { throw damage }
    }

    /// What is missing although it was safe.
    private func damage(at walk: LogWalk) -> StorageFailure? {
        let missing = walk.lastPosition + 1
        // Its log need not be whole as long as a snapshot is.
        if let newest = damagedSnapshots.first, missing <= newest.file.position { return newest.failure }
        let isSafe = missing <= walk.syncedThrough
        if let next = walk.segmentBehindEnd, !isSafe || walk.visited.isEmpty,
            isFileMissing(before: next, after: walk.visited.last?.segment)
        {
            return .damaged(
                path: "\(folder.path)/\(next.name)", offset: FileHeader.blockByteCount,
                reason:
                    "its records begin at \(next.firstPosition), and the file of record \(missing) is missing"
            )
        }
        guard isSafe, let end = walk.end else { return nil }
        return .damaged(
            path: "\(folder.path)/\(end.segment.name)", offset: end.offset,
            reason: "record \(missing) is not whole, but up to record \(walk.syncedThrough) all was safe")
    }

    /// Whether no file is there that could have held the missing record. A file's name is safe before its segment begins: a power
    /// cut can take what it holds, but only somebody else can have removed it.
    private func isFileMissing(before next: LogSegment, after previous: LogSegment?) -> Bool {
        let last = previous?.number ?? 0
        return next.number > last + 1 && !contents.segments.contains { $0 > last && $0 < next.number }
    }

    /// Beyond that of any file: one that was removed may come back.
    var nextNumber: UInt64 { (contents.segments.last ?? 0) + 1 }

    var readLog: LogWalk {
        guard let walk else { preconditionFailure("the log was not read yet") }
        return walk
    }

    /// The position of the last record that is there.
    package var lastPosition: UInt64 { readLog.lastPosition }

    /// Whether something may be missing that readers have seen.
    package var continuity: Continuity {
        guard let header = lastHeader else { return segments.isEmpty ? .fresh : .shortened }
        return readLog.isEnded && cutByteCount == 0 || header.bootID == bootID || header.mode == .always
            ? .whole : .shortened
    }

    /// That of the run which has written last. A snapshot's counts where the log ends below it: a segment that would tell may have been
    /// removed, and the ones behind it lost.
    private var lastHeader: FileHeader? {
        guard let last = readLog.last, last.header.position >= snapshotPosition else {
            return snapshot?.header
        }
        return last.segment.header
    }
}

/// What a recovery can promise to those who were told of records before.
package enum Continuity: Sendable {
    /// There was nothing.
    case fresh
    /// Whatever anybody was told of is there.
    case whole
    /// The last records may be lost: what comes now is a new epoch.
    case shortened
}

extension SnapshotReader {
    /// Reads all of it; nil if it is whole.
    fileprivate func damage(_ progress: RestoreProgress) throws(StorageFailure) -> StorageFailure? {
        do {
            try forEachChunk(progress) { _ in }
            return nil
        } catch let failure as StorageFailure where failure.isDamage {
            return failure
        } catch let failure as StorageFailure {
            throw failure
        } catch {
            preconditionFailure("nothing else is thrown")
        }
    }
}
