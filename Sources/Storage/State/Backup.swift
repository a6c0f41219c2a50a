/// A copy of a folder as it is at one moment, also of one in which a gateway works meanwhile.
package import Broker
internal import Primitives

/// It reads as a restart does, record by record, up to the last one that is whole, and writes them anew: a newest snapshot, the entries
/// behind it, and a cut, so that whoever starts from the copy begins an epoch of its own. For the folder that was copied goes on, and
/// gives other updates the numbers that come next.
///
/// While a gateway works, segments are used again when two later snapshots cover them, and before that the snapshot goes with which
/// this began. As long as that is there, all that was read was what it should be; else it begins again.
package struct Backup: Sendable {
    /// The copy's entries behind its snapshot.
    package let entryCount: Int
    /// Whether a gateway worked in the folder meanwhile.
    package let isOfRunningGateway: Bool
    /// How often it had to begin again.
    package let retryCount: Int

    /// A gateway would have to write two snapshots in the time of one copy, each time.
    private static let attemptLimit = 10

    /// Copies `source` into `target`, which holds nothing, and reads the copy again. `progress` is of one attempt.
    ///
    /// - Parameter begin: makes a `RestoreProgress` known; it is called for each attempt.
    package init(
        of source: any StorageFolder, to target: any StorageFolder, segmentByteCount: Int = 4 << 20,
        makeSalt: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) },
        begin: (RestoreProgress) -> Void = { _ in }
    ) throws {
        let hold = try FolderHold(source, as: "tidegate state backup")
        defer { withExtendedLifetime(hold) {} }
        isOfRunningGateway = hold.other != nil
        var failures = 0
        while true {
            do {
                let progress = RestoreProgress()
                begin(progress)
                let copy = try FolderCopy(
                    of: source, to: target,
                    JournalOptions(
                        mode: .never, segmentByteCount: segmentByteCount, bootID: .none, makeSalt: makeSalt),
                    isAlone: hold.other == nil, progress)
                entryCount = try copy.finish()
                retryCount = failures
                return
            } catch let failure as StorageFailure {
                try target.removeAll()
                failures += 1
                guard isOfRunningGateway, failure.isOfMoment, failures < Self.attemptLimit else {
                    throw failure
                }
            }
        }
    }

    /// One attempt.
    private struct FolderCopy {
        let target: any StorageFolder
        let makeSalt: @Sendable () -> UInt64
        let entryCount: Int

        init(
            of source: any StorageFolder, to target: any StorageFolder,
            _ options: JournalOptions, isAlone: Bool, _ progress: RestoreProgress
        ) throws {
            self.target = target
            makeSalt = options.makeSalt
            let recovery = try Recovery(
                source, bootID: .none, progress: progress, toleratesDamage: !isAlone)
            guard recovery.snapshot != nil || !recovery.segments.isEmpty else {
                throw StorageFailure.nothingKept(path: source.path)
            }
            if recovery.snapshot != nil { try Self.copySnapshot(of: recovery, to: target, options) }
            entryCount = try Self.copyEntries(of: recovery, to: target, options)
            try recovery.demandThatNothingWasTaken()
            if !isAlone { try recovery.demandLiveEnd() }
        }

        private static func copySnapshot(
            of recovery: Recovery, to target: any StorageFolder, _ options: JournalOptions
        ) throws {
            let header = FileHeader(
                kind: .snapshot, mode: options.mode, number: recovery.snapshotPosition, firstPosition: 1,
                syncedThrough: recovery.snapshotPosition, salt: options.makeSalt(), bootID: options.bootID,
                isRecycled: false)
            let writer = try SnapshotWriter(
                PendingSnapshot(folder: target, header: header, obsolete: [], recyclable: []))
            try recovery.forEachChunk { chunk in try writer.append(chunk) }
            _ = try writer.finish()
        }

        /// Entries get positions without gaps: what says how runs have ended is left out.
        private static func copyEntries(
            of recovery: Recovery, to target: any StorageFolder, _ options: JournalOptions
        ) throws -> Int {
            let begun = try Recovery(target, bootID: .none)
            try begun.forEachRecord { _, _ in }
            let journal = try Journal(after: begun, options)
            var count = 0
            try recovery.forEachRecord { _, body in
                if Journal.framedByteCount(body.count) > journal.roomLeft {
                    try journal.makeSpare(for: body.count)
                }
                _ = try journal.append(body)
                count += 1
                if journal.bufferedByteCount >= 1 << 20 { try journal.write() }
            }
            try journal.write()
            try journal.sync()
            return count
        }

        /// Reads the copy from the disk, as a start would, and ends it.
        func finish() throws -> Int {
            let copy = try Recovery(target, bootID: .none)
            var count = 0
            try copy.forEachRecord { _, _ in count += 1 }
            guard count == entryCount, copy.cutByteCount == 0, copy.notes.isEmpty else {
                throw StorageFailure.damaged(
                    path: target.path, offset: 0,
                    reason: "the copy has \(count) entries, and \(entryCount) were written")
            }
            try copy.appendCut(salt: makeSalt())
            return count
        }
    }
}

extension Recovery {
    /// Throws if what was read may not be what it should have been: the gateway takes the snapshot away before it uses segments again
    /// that this one needs.
    fileprivate func demandThatNothingWasTaken() throws(StorageFailure) {
        let present = try FolderContents(of: folder).snapshots
        let isThere = snapshot.map { present.contains($0.file.position) } ?? (present.count < 2)
        guard isThere else { throw .changed(path: folder.path) }
    }

    /// Where a gateway works nothing is behind the end but what came after it was looked for: otherwise something is missing there.
    fileprivate func demandLiveEnd() throws(StorageFailure) {
        if readLog.segmentBehindEnd != nil { throw damage ?? .changed(path: folder.path) }
        guard damage != nil || cutByteCount > 0, try !readLog.isWholeNow else { return }
        throw damage ?? .changed(path: folder.path)
    }
}

extension LogWalk {
    /// Whether the record that was missing is there by now: then it was being written when it was looked for, and those behind it came
    /// later.
    fileprivate var isWholeNow: Bool {
        get throws(StorageFailure) {
            guard let end, end.segment.isBegun,
                case .record(let record) = try RecordReader(
                    end.segment.file, end.segment.header.checksum, at: end.offset
                ).read()
            else { return false }
            return record.position == lastPosition + 1
        }
    }
}

extension StorageFailure {
    /// Whether it may be otherwise in a moment, because a gateway works in the folder.
    fileprivate var isOfMoment: Bool {
        if case .changed = self { return true }
        return isMissingFile || isDamage
    }
}

extension StorageFolder {
    /// Removes all files of ours.
    func removeAll() throws(StorageFailure) {
        for name in try names() where FileName(name) != nil { try remove(name) }
    }
}
