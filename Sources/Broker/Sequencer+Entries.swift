/// The sequencer as a replica: it applies the entries of a log, and its state can be taken down and restored.
package import Primitives

extension Sequencer {
    /// Applies the next entry of the log. The same entries make the same numbers, whoever applies them.
    ///
    /// - Parameters:
    ///   - clock: the log's, as this process reads it.
    ///   - batch: is used for reading; what it holds is forgotten.
    ///   - reserved: room that was set aside for the topics that the entry creates; what is left of it.
    /// - Returns: what became of a batch, or why nothing did; nil where the entry is none.
    package func apply(
        _ entry: UnsafeBufferPointer<UInt8>, by clock: LogClock, reading batch: inout UpdateBatch,
        reserved: inout Int
    ) throws(LogEntryFailure) -> Result<PublishOutcome, PublishFailure>? {
        var reader = ByteReader(entry)
        let (kind, logged) = try LogEntry.readHead(&reader)
        let moment = Numbering.Moment(time: logged.time, now: clock.instant(of: logged.instant))
        switch kind {
        case .batch:
            try batch.read(&reader)
            return .success(publish(batch, from: 0, at: moment, reserved: &reserved))
        case .guardedBatch:
            try batch.read(guarded: &reader)
            return Result { () throws(PublishFailure) in
                try apply(guarded: batch, at: moment, reserved: &reserved)
            }
        case .epoch:
            guard let survived = reader.number(UInt64.self),
                let epoch = reader.bytes(reader.byteCount), !epoch.isEmpty
            else { throw LogEntryFailure("its epoch is cut off") }
            let next = Epoch(String(decoding: epoch, as: UTF8.self))
            if survived == LogEntry.none {
                change { $0.numbering.change(to: Lineage(next), &$0.fanOut) }
            } else {
                begin(next, after: survived)
            }
            return nil
        case .rules:
            var rules = Retention()
            try rules.read(&reader)
            change { $0.numbering.take(rules, at: moment.now, to: &$0.fanOut) }
            return nil
        }
    }

    /// Nothing comes between the steps: what is applied is applied by one.
    private func apply(
        guarded batch: borrowing UpdateBatch, at moment: Numbering.Moment, reserved: inout Int
    ) throws(PublishFailure) -> PublishOutcome {
        let admission = try change { (state) throws(PublishFailure) in
            try state.numbering.admit(batch, at: moment)
        }
        switch admission {
        case .known(let outcome): return outcome
        case .new(let first):
            let outcome = publish(batch, from: first, at: moment, reserved: &reserved)
            settle(batch, outcome, at: moment.now)
            return outcome
        }
    }

    /// A large batch is numbered in parts, so that no loop waits long for its turn at the lock.
    private func publish(
        _ batch: borrowing UpdateBatch, from first: Int, at moment: Numbering.Moment, reserved: inout Int
    ) -> PublishOutcome {
        if first == 0, batch.count <= Self.partCount {
            return publish(part: batch, reserved: &reserved, time: moment.time, at: moment.now)
        }
        var outcome = PublishOutcome(accepted: batch.count, lastVersion: nil, time: moment.time)
        var part = UpdateBatch()
        var place = first
        while place < batch.count {
            let end = min(place + Self.partCount, batch.count)
            for index in place..<end { part.append(update: index, of: batch) }
            outcome.lastVersion =
                publish(
                    part: part, reserved: &reserved, time: moment.time, at: moment.now
                ).lastVersion
            part.removeAll()
            place = end
        }
        return outcome
    }

    /// So many updates are numbered in less than a millisecond.
    private static var partCount: Int { 512 }

    /// Names topics that are due, 512 at most, for an entry that decides about them; again after `patience` if nothing comes of it.
    package func nameDue(at now: Instant, again patience: Interval, in batch: inout UpdateBatch) {
        change { $0.numbering.nameDue(at: now, limit: Self.expiryLimit, again: patience, in: &batch) }
    }

    // MARK: The state

    /// Begins to take down the state as it is now. Only one such walk may be under way.
    package func beginStateWalk() -> OrderState {
        change { $0.numbering.beginStateWalk() }
    }

    /// The next topics of that state: some `count`, and those that have changed meanwhile. Nil: that was all.
    package func takeStates(_ count: Int = 512) -> [TopicState]? {
        change { $0.numbering.takeStates(count) }
    }

    /// The number of the last update.
    package var sequence: UInt64 { change { $0.numbering.sequence } }

    /// The rules that hold.
    package var rules: Retention { change { $0.numbering.retention } }

    /// Nobody wants the rest of the state any more.
    package func endStateWalk() {
        change { $0.numbering.stateWalk = nil }
    }

    /// Takes over an order before anything was published; its topics follow, in any order.
    package func restore(_ order: OrderState) {
        change { $0.numbering.restore(order) }
    }

    package func restore(_ topics: [TopicState]) {
        change { state in
            for topic in topics { state.numbering.restore(topic, to: &state.fanOut) }
        }
    }

    /// What was restored and applied so far has its moments by the log's clock; from here on they are by this process's.
    package func live(by clock: LogClock) {
        change { $0.numbering.live(by: clock) }
    }

    /// All topics were taken over.
    package func finishRestoring() {
        change { $0.numbering.finishRestoring() }
    }
}
