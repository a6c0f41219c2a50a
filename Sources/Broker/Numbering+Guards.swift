/// Batches that may come to nothing: they were published before, or somebody has published meanwhile.
internal import Primitives

extension Numbering {
    /// What becomes of a guarded batch.
    enum Admission {
        /// It is to be numbered from this update on, and then settled.
        case new(from: Int)
        case known(PublishOutcome)
    }

    /// Numbers what is new of a guarded batch.
    mutating func take(
        guarded batch: borrowing UpdateBatch, at moment: Moment, to sink: inout some EntrySink & ~Copyable
    ) throws(PublishFailure) -> PublishOutcome {
        switch try admit(batch, at: moment) {
        case .known(let outcome): return outcome
        case .new(let first):
            let outcome = take(batch, from: first, at: moment, to: &sink)
            settle(batch, outcome, at: moment)
            return outcome
        }
    }

    /// Decides about a guarded batch. A conflict is remembered under its key, as an outcome is; and of one that is numbered in parts
    /// that it is under way.
    mutating func admit(
        _ batch: borrowing UpdateBatch, inParts: Bool = false, at moment: Moment
    ) throws(PublishFailure) -> Admission {
        var first = 0
        if let key = batch.key {
            switch try keys.standing(of: batch, under: key, at: moment.now, life: retention.keyLife) {
            case .known(let outcome): return .known(outcome)
            case .new(let from): first = from
            }
        }
        if let conflict = conflict(of: batch, from: first) {
            if let key = batch.key {
                keys.remember(batch, under: key, .failure(conflict), at: moment, retention)
            }
            throw .conflict(conflict)
        }
        if inParts, let key = batch.key, key.place == nil {
            let none = PublishOutcome(accepted: 0, lastVersion: nil, time: moment.time)
            keys.remember(batch, under: key, .success(none), isUnderWay: true, at: moment, retention)
        }
        return .new(from: first)
    }

    /// Remembers what became of a batch that was numbered.
    mutating func settle(_ batch: borrowing UpdateBatch, _ outcome: PublishOutcome, at moment: Moment) {
        guard let key = batch.key else { return }
        keys.remember(batch, under: key, .success(outcome), at: moment, retention)
    }

    /// The first of the conditions that is not met as things stand before the batch.
    private func conflict(of batch: borrowing UpdateBatch, from first: Int) -> VersionConflict? {
        for (update, condition) in batch.conditions where update >= first {
            let present = presentVersion(of: batch.name(of: batch.entries[update]))
            if !condition.holds(at: present) { return VersionConflict(update: update, version: present) }
        }
        return nil
    }

    /// 0 where the topic holds no value.
    private func presentVersion(of name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let topic = names.find(name, records), !records[topic].isEnded else { return 0 }
        return records[topic].version
    }
}
