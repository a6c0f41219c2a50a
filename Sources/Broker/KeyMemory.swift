/// What became of batches that came under keys, so that one that comes again is answered and not published.
internal import Primitives

/// It forgets the oldest: those beyond a number, and those older than their life. A plain value: by the same batches all replicas
/// remember and forget the same.
struct KeyMemory: Sendable {
    struct Record: Sendable, Equatable {
        /// How many updates have been decided; of a stream there may come more.
        var updateCount: UInt64
        var fingerprint: UpdateFingerprint
        var isStream: Bool
        /// It is being published in parts.
        var isUnderWay = false
        var outcome: PublishOutcome
        /// The last of the updates was refused.
        var conflict: VersionConflict?
        /// From when its life counts.
        var since: Instant
    }

    private struct Turn: Sendable {
        let id: PublishKey.ID
        let since: Instant
    }

    /// What is known of a batch.
    enum Standing {
        /// So many of its first updates are published already, and the others are not.
        case new(from: Int)
        case known(PublishOutcome)
    }

    private var records: [PublishKey.ID: Record] = [:]
    /// The oldest first. A record whose life began anew has two turns, of which the later counts.
    private var turns = Queue<Turn>()

    var count: Int { records.count }

    /// Looks whether the batch has come before, whole or its beginning.
    func standing(
        of batch: borrowing UpdateBatch, under key: PublishKey, at now: Instant, life: Interval
    ) throws(PublishFailure) -> Standing {
        guard let record = records[key.id], now < record.since + life else { return .new(from: 0) }
        guard record.isStream == (key.place != nil) else { throw .keyReused }
        guard let place = key.place else {
            var fingerprint = UpdateFingerprint()
            fingerprint.add(batch, 0..<batch.count)
            guard record.updateCount == batch.count, record.fingerprint == fingerprint else {
                throw .keyReused
            }
            if record.isUnderWay {
                throw .unavailable(reason: "what came with this key before is still being published")
            }
            if let conflict = record.conflict { throw .conflict(conflict) }
            return .known(record.outcome)
        }
        return try standing(of: batch, at: place, record)
    }

    /// What a stream brings again is taken for the same until its last known update: behind that nothing is published unless it is.
    private func standing(
        of batch: borrowing UpdateBatch, at place: PublishKey.Place, _ record: Record
    ) throws(PublishFailure) -> Standing {
        var known = record.outcome
        known.accepted = batch.count
        let end = place.updateCount + UInt64(batch.count)
        if end < record.updateCount { return .known(known) }
        if place.updateCount <= record.updateCount {
            var fingerprint = place.fingerprint
            let overlap = Int(record.updateCount - place.updateCount)
            fingerprint.add(batch, 0..<overlap)
            guard fingerprint == record.fingerprint else { throw .keyReused }
            if record.conflict == nil {
                return overlap == batch.count ? .known(known) : .new(from: overlap)
            }
        }
        if let conflict = record.conflict { throw .conflict(conflict) }
        throw .unavailable(reason: "updates that came before in this stream were not taken")
    }

    /// Remembers what became of the batch. Of a stream a part, which may begin a longer life.
    mutating func remember(
        _ batch: borrowing UpdateBatch, under key: PublishKey,
        _ result: Result<PublishOutcome, VersionConflict>,
        isUnderWay: Bool = false, at moment: Numbering.Moment, _ retention: Sequencer.Retention
    ) {
        var place = key.place ?? PublishKey.Place()
        place.pass(batch)
        var outcome = PublishOutcome(accepted: 0, lastVersion: nil, time: moment.time)
        var conflict: VersionConflict?
        switch result {
        case .success(let reached): outcome = reached
        case .failure(let met): conflict = met
        }
        let youth = Interval(nanoseconds: retention.keyLife.nanoseconds / 2)
        let young = records[key.id].flatMap { moment.now < $0.since + youth ? $0.since : nil }
        restore(
            key.id,
            Record(
                updateCount: place.updateCount, fingerprint: place.fingerprint, isStream: key.place != nil,
                isUnderWay: isUnderWay, outcome: outcome, conflict: conflict,
                since: young ?? moment.now),
            isYoung: young != nil)
        forget(at: moment.now, retention)
    }

    /// Takes a record over. One that is young has its turn already.
    mutating func restore(_ id: PublishKey.ID, _ record: Record, isYoung: Bool = false) {
        records[id] = record
        if !isYoung { turns.append(Turn(id: id, since: record.since)) }
    }

    /// A few at a time: each batch brings no more than one, and an hour's worth of them may be over at once.
    private mutating func forget(at now: Instant, _ retention: Sequencer.Retention) {
        for _ in 0..<4 {
            guard let oldest = turns.first else { return }
            let isCurrent = records[oldest.id]?.since == oldest.since
            guard !isCurrent || records.count > retention.keyLimit || now >= oldest.since + retention.keyLife
            else { return }
            _ = turns.popFirst()
            if isCurrent { records[oldest.id] = nil }
        }
    }

    /// The records that are remembered, the oldest first.
    func forEach(_ body: (PublishKey.ID, Record) -> Void) {
        turns.visit { turn in
            if let record = records[turn.id], record.since == turn.since { body(turn.id, record) }
        }
    }

    /// All was remembered by the log's clock: from here on it is by this process's.
    mutating func live(by clock: LogClock) {
        var moved = KeyMemory()
        forEach { id, record in
            var record = record
            record.since = clock.instant(ofLog: record.since)
            moved.restore(id, record)
        }
        self = moved
    }
}
