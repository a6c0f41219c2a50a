/// The seam between publishers and the log that puts updates in order: memory, a journal, a cluster.
package import Primitives

/// Puts the updates of all publishers into one order, which every replica applies. Any thread.
package protocol UpdateLog: AnyObject, Sendable {
    /// Publishes a whole batch or, when it is refused, nothing of it.
    ///
    /// - Parameters:
    ///   - time: what the updates say of themselves.
    ///   - now: the same moment, for telling later how long they took to reach their readers.
    ///   - ticket: names the receiver of an outcome that comes later; nil: nobody is told.
    /// - Returns: the outcome, or `pending` when the ticket's receiver is told it later, exactly once. The receiver
    ///   may be told before this call returns.
    func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication

    /// Why nothing can be published at the moment; nil: it can.
    var refusal: PublishFailure? { get }

    /// What it counts; nil where nothing is kept.
    var figures: LogFigures? { get }

    /// Whether other processes append to it as well, and serve its readers: one may bring a cursor from where they are further. It
    /// stays as it is.
    var isShared: Bool { get }

    /// Since when this process has lost the stream of what others append, so that what it shows may be behind; nil: it has it. Asked
    /// in each turn of a loop, of a log that is shared.
    var awaySince: Instant? { get }

    /// Of a log that is shared: all that it held at this moment stands in the order. `never`: always all that it holds.
    var caughtUpAt: Instant { get }

    /// The processes that share it; nil where it is not shared, or not there yet.
    var fleet: Fleet? { get }

    /// Leaves or takes a note that those processes have in common. The ticket's receiver is told what became of it, once, and not long
    /// after `deadline`. False: the log is not shared, or too many wait already; nobody is told anything then.
    func ask(_ request: NoteRequest, until deadline: Instant, for ticket: NoteTicket) -> Bool

    /// Has all other of those processes carry out an order. The receiver is told what they made of it when those are done that were
    /// heard lately, or else at `deadline`. False: the log is not shared, too many orders are under way, or it is too long.
    func order(_ content: [UInt8], until deadline: Instant, for receiver: any OrderReceiver) -> Bool
}

extension UpdateLog {
    package var figures: LogFigures? { nil }
    package var isShared: Bool { false }
    package var awaySince: Instant? { nil }
    package var caughtUpAt: Instant { .never }
    package var fleet: Fleet? { nil }
    package func ask(_: NoteRequest, until _: Instant, for _: NoteTicket) -> Bool { false }
    package func order(_: [UInt8], until _: Instant, for _: any OrderReceiver) -> Bool { false }
}

/// How a call to publish ended.
package enum Publication: Sendable {
    /// The updates stand in the order, as firmly as the log promises.
    case done(PublishOutcome)
    /// The outcome goes to the ticket's receiver.
    case pending
}

/// The claim to one outcome that comes later.
package struct PublishTicket: Sendable {
    /// The receiver's own number for the batch: the log only hands it back.
    package let number: UInt64
    package let receiver: any PublishReceiver

    package init(number: UInt64, receiver: any PublishReceiver) {
        self.number = number
        self.receiver = receiver
    }
}

/// Is told the outcome of batches that were pending.
package protocol PublishReceiver: AnyObject, Sendable {
    /// Any thread, and never under a lock of the log. `ticket` is the number that the batch was published with.
    func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64)
}

/// What became of a batch that was accepted.
package struct PublishOutcome: Sendable, Equatable {
    package var accepted: Int
    /// The version that the last update of the batch got; nil when it was the end of a topic that is not there.
    package var lastVersion: UInt64?
    /// What the updates say of themselves; those of a batch that came before under its key are of then.
    package var time: UnixTime

    package init(accepted: Int, lastVersion: UInt64?, time: UnixTime) {
        self.accepted = accepted
        self.lastVersion = lastVersion
        self.time = time
    }
}

/// A topic does not meet an update's condition.
package struct VersionConflict: Error, Sendable, Equatable {
    /// Which update of the batch, from 0.
    package let update: Int
    /// What its topic holds; 0: no value.
    package let version: UInt64

    package init(update: Int, version: UInt64) {
        self.update = update
        self.version = version
    }
}

/// Why a batch was refused, whole.
package enum PublishFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case tooManyTopics(limit: Int)
    /// The log cannot take updates now, or lost its connection before the outcome was known. `reason` is a clause.
    case unavailable(reason: String)
    /// What was kept is being restored; so much of it is.
    case restoring(percent: Int)
    case conflict(VersionConflict)
    /// Other updates came under the batch's key.
    case keyReused

    package var description: String {
        switch self {
        case .tooManyTopics(let limit):
            "the gateway holds its limit of \(limit) topics; publish to existing ones or raise \"topics.limit\""
        case .unavailable(let reason):
            "the gateway cannot take updates at the moment: \(reason); publish again later"
        case .restoring(let percent):
            "the gateway is restoring what it has kept, and has done \(percent) % of it; ask again soon"
        case .conflict(let conflict):
            conflict.version == 0
                ? "there is no such topic, but the update is for a version of it"
                : "the topic is at version \(conflict.version), and the update is for another; look at it and decide anew"
        case .keyReused: "other updates were published under this key; make a new one for each request"
        }
    }
}
