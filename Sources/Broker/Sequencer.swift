/// The one meeting place of all publishers: numbers each update and hands it to every loop, in one order.
package import Primitives
internal import Synchronization

/// Any thread. One lock around the numbering and the inboxes, held for a batch; what needs no order (checking,
/// parsing) was done before it. It wakes sleeping consumers after it is released.
package final class Sequencer: Sendable {
    struct State: ~Copyable {
        var numbering: Numbering
        var fanOut: FanOut

        func collectBeginning() -> CollectedBeginning {
            CollectedBeginning(
                beginning: numbering.beginning(), lineage: numbering.lineageEntry,
                stateNumber: fanOut.stateNumber)
        }
    }

    private let state: Mutex<State>
    /// Nanoseconds: a loop reads it before each wait, and without the lock.
    private let expiry = Atomic<UInt64>(.max)

    package init(epoch: Epoch, retention: Retention = Retention()) {
        let numbering = Numbering(lineage: Lineage(epoch), retention: retention)
        state = Mutex(State(numbering: numbering, fanOut: FanOut()))
    }

    /// The number of topics that hold a value.
    package var topicCount: Int { state.withLock { $0.numbering.liveCount } }

    package var lineage: Lineage { state.withLock { $0.numbering.lineage } }

    /// The epoch of the cursors that are handed out.
    package var epoch: Epoch { lineage.current }

    // MARK: Publishing

    /// Publishes a whole batch or, when it is refused, nothing of it. Returns what became of its last update.
    ///
    /// - Parameters:
    ///   - time: what the updates say of themselves.
    ///   - now: the same moment, for telling later how long they took to reach their readers.
    @discardableResult
    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant
    ) throws(PublishFailure) -> PublishOutcome {
        let moment = Numbering.Moment(time: time, now: now)
        return try change { (state) throws(PublishFailure) in
            try state.numbering.number(batch, at: moment, to: &state.fanOut)
        }
    }

    /// Changes the order under the lock, and wakes whoever slept and has something now when that is released.
    func change<Outcome: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Outcome
    ) throws(Failure) -> Outcome {
        var wakes: [@Sendable () -> Void] = []
        let outcome = try state.withLock { (state) throws(Failure) in
            let outcome = try body(&state)
            wakes = state.fanOut.takeWakes()
            expiry.store(state.numbering.nextExpiry.nanoseconds, ordering: .relaxed)
            return outcome
        }
        for wake in wakes { wake() }
        return outcome
    }

    /// Sets room aside for the topics that a batch creates. The batch can then be published in parts, none of which is refused:
    /// whole or not at all, but not in one go. Returns for how many topics; what is left of them at the end is released.
    package func reserve(for batch: borrowing UpdateBatch) throws(PublishFailure) -> Int {
        try state.withLock { (state) throws(PublishFailure) in try state.numbering.reserve(for: batch) }
    }

    package func release(_ reserved: Int) {
        state.withLock { $0.numbering.release(reserved) }
    }

    /// Publishes a part of a batch for which room was set aside; `reserved` is what is left of that.
    package func publish(
        part: borrowing UpdateBatch, reserved: inout Int, time: UnixTime, at now: Instant
    ) -> PublishOutcome {
        let moment = Numbering.Moment(time: time, now: now)
        return change { state in
            state.numbering.number(part: part, reserved: &reserved, at: moment, to: &state.fanOut)
        }
    }

    /// Decides about a guarded batch that is to be published in parts. Returns the outcome where it was published before; otherwise
    /// all its parts follow, and then `settle`.
    package func admit(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant
    ) throws(PublishFailure) -> PublishOutcome? {
        guard batch.isGuarded else { return nil }
        let moment = Numbering.Moment(time: time, now: now)
        return try state.withLock { (state) throws(PublishFailure) in
            switch try state.numbering.admit(batch, inParts: true, at: moment) {
            case .known(let outcome): outcome
            case .new: nil
            }
        }
    }

    /// Remembers the outcome of a batch whose parts are all published, for when it comes again.
    package func settle(_ batch: borrowing UpdateBatch, _ outcome: PublishOutcome, at now: Instant) {
        guard batch.key != nil else { return }
        let moment = Numbering.Moment(time: outcome.time, now: now)
        state.withLock { $0.numbering.settle(batch, outcome, at: moment) }
    }

    /// Begins an epoch that continues the present one: from here on cursors are of the new one. Those of the old one
    /// stay good up to `survived` (nil: all of them) and are reset beyond.
    ///
    /// A reader may hold what lies beyond its cursor, and a poll's answer that was cut counts on it. So cursors say how far the gateway was
    /// (`Cursor.seen`), and those are reset that count on what is lost.
    package func begin(_ epoch: Epoch, after survived: UInt64? = nil) {
        change { state in
            let end = min(survived ?? .max, state.numbering.sequence)
            let next = state.numbering.lineage.continued(by: epoch, after: end)
            state.numbering.change(to: next, &state.fanOut)
        }
    }

    // MARK: Expiring

    /// The topics that one call of `expire` ends take less than a millisecond.
    static var expiryLimit: Int { 512 }

    /// When `expire` has something to do; `never` where nothing ends by itself. A change that makes it earlier wakes whoever
    /// sleeps, as every change does.
    package var nextExpiry: Instant { Instant(nanoseconds: expiry.load(ordering: .relaxed)) }

    /// Ends topics whose time is over, and says which have become stale. Some at a time: what is left, `nextExpiry` tells.
    package func expire(time: UnixTime, at now: Instant) {
        let moment = Numbering.Moment(time: time, now: now)
        change { $0.numbering.expire(at: moment, limit: Self.expiryLimit, to: &$0.fanOut) }
    }

    // MARK: Joining

    /// Opens the door of a loop, or of another consumer, at any time. Its inbox begins with entries that recreate what
    /// is present, and goes on with what follows: nothing is missing between them and nothing comes twice.
    ///
    /// The lock is held while the topics are collected, and released while they are put into order.
    package func addInbox(wake: @escaping @Sendable () -> Void) -> Inbox { addInboxes([wake])[0] }

    /// The same for several at once, in their order: what is present is collected once.
    package func addInboxes(_ wakes: [@Sendable () -> Void]) -> [Inbox] {
        let (numbers, lineage) = begin { fanOut in wakes.map { fanOut.open(wake: $0) } }
        return numbers.map { Inbox(sequencer: self, number: $0, lineage: lineage) }
    }

    /// Opens the doors of consumers while what is there is being restored: they find nothing before `releaseInboxes`.
    package func holdInboxes(_ wakes: [@Sendable () -> Void]) -> [Inbox] {
        state.withLock { state in
            wakes.map { wake in
                Inbox(
                    sequencer: self, number: state.fanOut.open(.held, wake: wake),
                    lineage: state.numbering.lineage)
            }
        }
    }

    /// All is restored: the inboxes that were held begin with it, as those do that are opened now.
    package func releaseInboxes() {
        _ = begin(tellingLineage: true) { $0.releaseHeld() }
    }

    /// Has the inboxes that `pick` names begin with what is present. `tellingLineage`: their consumers know an earlier one.
    private func begin(
        tellingLineage: Bool = false, _ pick: (inout FanOut) -> [Int]
    ) -> (numbers: [Int], lineage: Lineage) {
        let (numbers, beginning) = state.withLock { state in
            (pick(&state.fanOut), state.collectBeginning())
        }
        return (numbers, begin(numbers, with: beginning, tellingLineage: tellingLineage))
    }

    /// What an inbox begins with, not in order yet, and the number of the state that it is of.
    struct CollectedBeginning: Sendable {
        fileprivate let beginning: Beginning
        fileprivate let lineage: InboxEntry
        fileprivate let stateNumber: Int
    }

    /// Has inboxes begin with what was collected, or, where another state has taken the place of that meanwhile, with the new one.
    /// `first` stands in front of it. Returns the lineage with which they begin.
    @discardableResult
    func begin(
        _ numbers: [Int], with collected: CollectedBeginning, first: InboxEntry? = nil,
        tellingLineage: Bool = false
    ) -> Lineage {
        var collected = collected
        while true {
            let (stateNumber, lineage) = (collected.stateNumber, collected.beginning.lineage)
            var entries = collected.beginning.inOrder()
            if let first { entries.insert(first, at: 0) }
            if tellingLineage { entries.append(collected.lineage) }
            let newer: CollectedBeginning? = change { state in
                guard state.fanOut.stateNumber == stateNumber else { return state.collectBeginning() }
                for number in numbers { state.fanOut.begin(number, with: entries) }
                return nil
            }
            guard let newer else { return lineage }
            collected = newer
        }
    }

    /// Exchanges the waiting entries of a consumer for `taken`, which comes back filled and goes in empty.
    func take(_ number: Int, into taken: inout [InboxEntry]) {
        state.withLock { $0.fanOut.take(number, into: &taken) }
    }

    func sleep(_ number: Int) -> Bool {
        state.withLock { $0.fanOut.sleep(number) }
    }
}

extension Sequencer: UpdateLog {
    /// In memory an update stands in the order as soon as it has its numbers: no outcome is ever pending.
    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        .done(try publish(batch, time: time, at: now))
    }

    package var refusal: PublishFailure? { nil }
}
