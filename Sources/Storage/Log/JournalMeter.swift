/// The journal's figures, for whoever looks: its own thread notes them, and no publisher pays for that.
internal import Broker
internal import Primitives
internal import Synchronization

/// One thread notes, any thread reads.
final class JournalMeter: Sendable {
    // What each step changes.
    private let appendedRecords = Atomic<Int>(0)
    private let appendedBytes = Atomic<Int>(0)
    private let unsyncedRecords = Atomic<Int>(0)
    let syncs = Histogram()
    /// What seldom changes.
    private let rest = Mutex(LogFigures())

    func note(appendedOf journal: Journal) {
        appendedRecords.store(
            Int(truncatingIfNeeded: journal.lastPosition - journal.recoveredThrough), ordering: .relaxed)
        appendedBytes.store(journal.appendedByteCount, ordering: .relaxed)
        unsyncedRecords.store(
            Int(truncatingIfNeeded: journal.lastPosition - journal.syncedThrough), ordering: .relaxed)
    }

    func note(filesOf journal: Journal) {
        rest.withLock { figures in
            figures.segments = journal.segmentCount
            figures.snapshots = journal.snapshots.count
            figures.snapshotBytes = journal.snapshots.last?.byteCount ?? 0
            figures.diskBytes = journal.byteCountOnDisk
        }
    }

    func change(_ body: (inout LogFigures) -> Void) { rest.withLock { body(&$0) } }

    var figures: LogFigures {
        var figures = rest.withLock { $0 }
        figures.appendedRecords = appendedRecords.load(ordering: .relaxed)
        figures.appendedBytes = appendedBytes.load(ordering: .relaxed)
        figures.unsyncedRecords = unsyncedRecords.load(ordering: .relaxed)
        figures.syncs = syncs.reading
        return figures
    }
}
