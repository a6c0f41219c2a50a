/// A journal on a disk that fails, with everything that it has promised.
internal import Glibc
internal import Primitives
internal import Storage

/// One seed makes one world. What is promised stands in `Truth`; recoveries are compared with it.
package final class StorageWorld {
    static let segmentByteCount = 20 << 10

    var random: SeededGenerator
    let folder: SimulatedFolder
    var truth = Truth()
    /// The machine has been started so often.
    var boot = 1
    var journal: Journal?
    var mode = SyncMode.always
    /// The last position when the journal was opened.
    var openedAt: UInt64 = 0

    var pendingSync: PendingSync?
    var pendingSpare: PendingSpare?
    var pendingSnapshot: PendingSnapshot?
    var snapshotWriter: SnapshotWriter?

    package init(seed: UInt64, keepsHistory: Bool) {
        self.keepsHistory = keepsHistory
        random = SeededGenerator(seed: seed)
        folder = SimulatedFolder(seed: seed &* 31)
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws {
        if !holds { throw Failure(description: promise()) }
    }

    /// What has happened, for the message of a failure.
    package private(set) var history: [String] = []
    private let keepsHistory: Bool

    func note(_ event: @autoclosure () -> String) {
        if keepsHistory { history.append(event()) }
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: A life

    package func run(steps: Int) throws {
        for _ in 0..<steps {
            if chance(4) { folder.fail(after: .random(in: 0..<6, using: &random), with: fault()) }
            do {
                try step()
            } catch let failure as StorageFailure {
                note("failed: \(failure) in \(folder.fileNames.suffix(8))")
                try endure(failure)
            }
            if folder.isCrashed { try die() }
        }
    }

    private func fault() -> DiskFault {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .error(ENOSPC)
        case 1: .error(EIO)
        default: .crash
        }
    }

    private func step() throws {
        guard let journal else { return try recover() }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<40: try append(to: journal)
        case ..<60: try write(journal)
        case ..<75: try sync(journal)
        case ..<83: try makeSpare(journal)
        case ..<96: try makeSnapshot(journal)
        case ..<98: try close(journal)
        default: try die()
        }
        try require(
            journal.syncedThrough >= truth.syncedThrough || self.journal == nil, "a sync was taken back")
    }

    func append(to journal: Journal) throws {
        let body = newBody()
        if Journal.framedByteCount(body.count) > journal.roomLeft {
            guard pendingSpare == nil else { return }
            try journal.makeSpare(for: body.count)
        }
        let position = try journal.append(body.span)
        try truth.append(body, at: position)
        note("append \(body.count) at \(position)")
    }

    private func newBody() -> [UInt8] {
        let largest = [8, 200, 200, 3000, 30_000][Int.random(in: 0..<5, using: &random)]
        let byteCount = Int.random(in: 0...largest, using: &random)
        // Numbers that are small look like headers of records.
        let word = random.next() & 0x0303_0303_0303_0303
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: word >> UInt64($0 & 7 * 8)) }
    }

    private func write(_ journal: Journal) throws {
        try journal.write()
        note("written through \(journal.writtenThrough)")
        truth.writtenThrough = journal.writtenThrough
        truth.syncedThrough = journal.syncedThrough
        truth.rely(on: mode == .always ? journal.syncedThrough : journal.writtenThrough)
    }

    private func sync(_ journal: Journal) throws {
        if let sync = pendingSync {
            pendingSync = nil
            try journal.finish(sync, sync.run())
            note("synced through \(sync.through)")
            truth.syncedThrough = journal.syncedThrough
            if mode == .always { truth.rely(on: journal.syncedThrough) }
        } else if mode != .never || chance(10) {
            pendingSync = try journal.beginSync()
        }
    }

    private func makeSpare(_ journal: Journal) throws {
        if let spare = pendingSpare {
            pendingSpare = nil
            try journal.finish(spare, spare.run())
        } else if journal.needsSpare {
            pendingSpare = try journal.beginSpare()
        }
    }

    private func makeSnapshot(_ journal: Journal) throws {
        guard let pending = pendingSnapshot else {
            pendingSnapshot = try journal.beginSnapshot(at: journal.writtenThrough)
            if let pendingSnapshot { truth.beginSnapshot(at: pendingSnapshot.position) }
            return
        }
        do {
            let writer = try snapshotWriter ?? SnapshotWriter(pending)
            snapshotWriter = writer
            if chance(50) {
                let chunk = newBody()
                try writer.append(chunk.span)
                truth.append(chunk: chunk, at: pending.position)
                return
            }
            if chance(80) {
                journal.finish(try writer.finish())
            } else {
                try writer.abandon()
                journal.abandonSnapshot()
            }
        } catch let failure as StorageFailure {
            journal.abandonSnapshot()
            leaveSnapshot()
            throw failure
        }
        leaveSnapshot()
    }

    private func leaveSnapshot() {
        snapshotWriter = nil
        pendingSnapshot = nil
    }

    private func close(_ journal: Journal) throws {
        guard pendingSync == nil else { return }
        // The end has a position too.
        if journal.lastPosition > openedAt { truth.lastPosition += 1 }
        while true {
            do throws(StorageFailure) {
                try journal.close()
                break
            } catch {
                guard journal.death == nil, !folder.isCrashed else { throw error }
            }
        }
        try write(closed: journal)
        note("closed at \(journal.writtenThrough)")
        endLife()
        folder.kill()
    }

    private func write(closed journal: Journal) throws {
        truth.writtenThrough = journal.writtenThrough
        truth.syncedThrough = journal.syncedThrough
        truth.rely(on: journal.syncedThrough)
        try require(journal.writtenThrough == truth.lastPosition, "the end is not written")
    }

    // MARK: Failures

    /// A full disk harms nothing. After anything else the journal is dead, if it was its records that failed.
    private func endure(_ failure: StorageFailure) throws {
        guard !folder.isCrashed else { return }
        if case .call(_, _, let number) = failure, number == ENOSPC || number == EIO {
            guard let journal, let death = journal.death else { return }
            try require(death == failure, "another reason than the first: \(death)")
            try requireDeath(of: journal)
            try die()
        } else {
            throw failure
        }
    }

    /// Nothing works on a dead journal, and nothing reaches for the disk.
    private func requireDeath(of journal: Journal) throws {
        let before = folder.callCount
        do throws(StorageFailure) {
            try journal.write()
        } catch {
            try require(error == journal.death && folder.callCount == before, "a dead journal did something")
            return
        }
        throw Failure(description: "a dead journal writes")
    }

    private func die() throws {
        endLife()
        if chance(60) {
            note("power cut")
            folder.cutPower()
            boot += 1
            truth.isPowerCut = true
        } else {
            note("kill")
            folder.kill()
        }
    }

    func endLife() {
        journal = nil
        pendingSync = nil
        pendingSpare = nil
        leaveSnapshot()
    }
}
