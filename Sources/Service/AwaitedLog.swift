/// The update log of a gateway that listens already and is still restoring what was kept.
internal import Broker
internal import Primitives
internal import Storage
internal import Synchronization

/// Any thread. It refuses all until the journal is there, and is the journal from then on.
final class AwaitedLog: UpdateLog {
    let progress = RestoreProgress()
    private let journal = AtomicLazyReference<JournalLog>()

    /// All is restored.
    func become(_ journal: JournalLog) {
        _ = self.journal.storeIfNil(journal)
    }

    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        guard let journal = journal.load() else { throw restoring }
        return try journal.publish(batch, time: time, at: now, for: ticket)
    }

    var refusal: PublishFailure? {
        if let journal = journal.load() { return journal.refusal }
        return restoring
    }

    var figures: LogFigures? { journal.load()?.figures }

    private var restoring: PublishFailure { .restoring(percent: Int(progress.fraction * 100)) }
}
