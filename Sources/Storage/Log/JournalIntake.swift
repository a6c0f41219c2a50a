/// Where publishers hand over their batches, and other threads their reports, to the one that owns the journal.
internal import Broker
package import Primitives

/// Guarded by its monitor.
struct JournalIntake: ~Copyable {
    /// The entries of batches, and who waits for them.
    var entries = WaitingEntries()
    var reports: [JournalChore.Report] = []
    /// Why nothing is taken.
    var refusal: PublishFailure?
    var isClosing = false

    var isEmpty: Bool { entries.isEmpty && reports.isEmpty }

    /// Takes a batch that is to be appended. Returns why not, where it isn't.
    mutating func take(
        _ batch: borrowing UpdateBatch, at moment: LogEntry.Moment, reserved: Int, for ticket: PublishTicket?,
        limit: Int
    ) -> PublishFailure? {
        if let refusal { return refusal }
        guard entries.byteCount <= limit else {
            return .unavailable(reason: "updates come faster than its journal can write them")
        }
        entries.append(batch, at: moment, reserved: reserved, for: ticket)
        return nil
    }
}

/// What the journal needs done that may take long: on a thread that has time, or when a simulation has it come.
package enum JournalChore: Sendable {
    case sync(PendingSync)
    case spare(PendingSpare)
    case snapshot(StateSnapshot)

    package enum Report: Sendable {
        /// And how long it took.
        case synced(PendingSync, Result<Void, StorageFailure>, from: Instant, to: Instant)
        case spare(PendingSpare, Result<SpareSegment, StorageFailure>)
        case snapshot(Result<FinishedSnapshot, StorageFailure>)
    }

    /// Any thread; blocks.
    package func run() -> Report {
        switch self {
        case .sync(let sync):
            let begun = Instant.now()
            let result = sync.run()
            return .synced(sync, result, from: begun, to: .now())
        case .spare(let spare): return .spare(spare, spare.run())
        case .snapshot(let snapshot): return .snapshot(snapshot.run())
        }
    }
}
