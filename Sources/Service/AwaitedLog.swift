/// The update log of a gateway that listens already and is still restoring what was kept.
internal import Broker
internal import Primitives
internal import Synchronization

/// Any thread. It refuses all until the log is there, and is that log from then on.
final class AwaitedLog: UpdateLog {
    /// A log as an object that can be referred to.
    private final class Arrived: Sendable {
        let log: any UpdateLog

        init(_ log: any UpdateLog) {
            self.log = log
        }
    }

    let progress = RestoreProgress()
    let isShared: Bool
    private let arrived = AtomicLazyReference<Arrived>()

    init(isShared: Bool) {
        self.isShared = isShared
    }

    /// All is restored.
    func become(_ log: any UpdateLog) {
        _ = arrived.storeIfNil(Arrived(log))
    }

    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        guard let log = arrived.load()?.log else { throw restoring }
        return try log.publish(batch, time: time, at: now, for: ticket)
    }

    var refusal: PublishFailure? {
        if let log = arrived.load()?.log { return log.refusal }
        return restoring
    }

    var figures: LogFigures? { arrived.load()?.log.figures }

    var awaySince: Instant? { arrived.load()?.log.awaySince }

    var caughtUpAt: Instant { arrived.load()?.log.caughtUpAt ?? Instant(nanoseconds: 0) }

    var fleet: Fleet? { arrived.load()?.log.fleet }

    func ask(_ request: NoteRequest, until deadline: Instant, for ticket: NoteTicket) -> Bool {
        arrived.load()?.log.ask(request, until: deadline, for: ticket) ?? false
    }

    func order(_ content: [UInt8], until deadline: Instant, for receiver: any OrderReceiver) -> Bool {
        arrived.load()?.log.order(content, until: deadline, for: receiver) ?? false
    }

    private var restoring: PublishFailure {
        let fraction = progress.fraction
        if isShared, fraction == 0 { return .unavailable(reason: "it waits for the log of its cluster") }
        return .restoring(percent: Int(fraction * 100))
    }
}
