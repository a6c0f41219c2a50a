/// Turns batches into numbered entries: versions, the one sequence, tombstones and their purges, the limits.
internal import Primitives

/// Where numbered entries go.
protocol EntrySink: ~Copyable {
    mutating func post(_ entry: InboxEntry)
}

/// A plain value: no lock, no thread, no clock. The same batches make the same entries, whoever numbers them, so that it goes on from
/// wherever another one stopped (`TopicState`).
struct Numbering: ~Copyable {
    /// When a batch was accepted, by both clocks.
    struct Moment {
        let time: UnixTime
        let now: Instant
    }

    struct Record: Named {
        let name: Payload
        /// The name in updates, where that is not the name itself.
        let escapedName: Payload?
        /// The last updates, where the topic keeps a log: for consumers that join later.
        let log: TopicLog?
        /// How long its values last, where anything says so.
        var lifetime: Lifetime?
        /// Nil between the creation and the first update only.
        var latest: Payload?
        var version: UInt64
        var isEnded = false
        /// Its neighbours among the ended topics.
        var endedBefore = EndedTopics.none
        var endedAfter = EndedTopics.none
        /// The sequence number of its last update, and when it was accepted.
        var sequence: UInt64 = 0
        var accepted = Instant.never
    }

    var retention: Sequencer.Retention
    var lineage: Lineage
    var sequence: UInt64 = 0
    var names = NameTable()
    var records = Slab<Record>()
    /// When topics are to be looked at that have a lifetime.
    var expiries = TimerWheel(now: Instant(nanoseconds: 0), tick: TimeToLive.tick)
    var ended = EndedTopics()
    /// Topics that hold a value; the other named ones have ended.
    var liveCount = 0
    private var endedCount: Int { names.count - liveCount }
    /// Room that is set aside for topics of batches that are published in parts.
    private(set) var reservedCount = 0
    /// No purged topic had a higher version, so a topic that comes back counts on from here.
    var purgedVersion: UInt64 = 0
    /// Topics that ended up to here are forgotten.
    var purgedSequence: UInt64 = 0
    /// What was published under keys.
    var keys = KeyMemory()
    /// Under way, while somebody takes down the state.
    var stateWalk: StateWalk?

    init(lineage: Lineage, retention: Sequencer.Retention = Sequencer.Retention()) {
        self.lineage = lineage
        self.retention = retention
    }

    // MARK: Numbering

    /// Numbers a whole batch or, when it is refused, nothing of it.
    mutating func number(
        _ batch: borrowing UpdateBatch, at moment: Moment, to sink: inout some EntrySink & ~Copyable
    ) throws(PublishFailure) -> PublishOutcome {
        guard batch.count <= room || newTopicCount(of: batch) <= room else {
            throw .tooManyTopics(limit: retention.topicLimit)
        }
        if batch.isGuarded { return try take(guarded: batch, at: moment, to: &sink) }
        return take(batch, at: moment, to: &sink)
    }

    /// Numbers the updates from number `first` on.
    mutating func take(
        _ batch: borrowing UpdateBatch, from first: Int = 0, at moment: Moment,
        to sink: inout some EntrySink & ~Copyable
    ) -> PublishOutcome {
        var outcome = PublishOutcome(accepted: batch.count, lastVersion: nil, time: moment.time)
        for place in first..<batch.count {
            let entry = batch.entries[place]
            let name = batch.name(of: entry)
            switch entry.content {
            case .value:
                let topic = names.find(name, records) ?? create(Payload(name.span), moment.now, &sink)
                let data = batch.data(of: entry).unsafelyUnwrapped
                outcome.lastVersion = number(topic, .value(data), entry.options, moment, &sink)
            case .tombstone: outcome.lastVersion = end(name, entry.options, moment, &sink)
            case .due: settle(name, moment, &sink)
            }
        }
        return outcome
    }

    /// How many topics there is room for.
    private var room: Int { retention.topicLimit - names.count - reservedCount }

    /// How many topics the batch creates. Names are told apart by a hash of 64 seeded bits.
    private func newTopicCount(of batch: borrowing UpdateBatch) -> Int {
        var new = Set<Int>()
        for entry in batch.entries {
            guard case .value = entry.content else { continue }
            let name = batch.name(of: entry)
            guard names.find(name, records) == nil else { continue }
            var hasher = Hasher()
            hasher.combine(bytes: UnsafeRawBufferPointer(name))
            new.insert(hasher.finalize())
        }
        return new.count
    }

    /// Sets room aside for the topics that a batch creates, so that none of its parts is refused. Where there is plenty, it is
    /// for as many as the batch has updates: to look at ten thousand names takes milliseconds. Returns for how many.
    mutating func reserve(for batch: borrowing UpdateBatch) throws(PublishFailure) -> Int {
        let isPlenty = batch.count <= room / 16
        let newCount = isPlenty ? batch.count : newTopicCount(of: batch)
        guard newCount <= room else { throw .tooManyTopics(limit: retention.topicLimit) }
        reservedCount += newCount
        return newCount
    }

    /// Numbers a part of a batch for which room was set aside: what is left of that.
    mutating func number(
        part: borrowing UpdateBatch, reserved: inout Int, at moment: Moment,
        to sink: inout some EntrySink & ~Copyable
    ) -> PublishOutcome {
        let before = names.count
        let outcome = take(part, at: moment, to: &sink)
        let used = min(max(names.count - before, 0), reserved)
        reserved -= used
        reservedCount -= used
        return outcome
    }

    /// Gives back room that was set aside and is not needed.
    mutating func release(_ reserved: Int) {
        reservedCount -= reserved
    }

    /// Ends a topic; nil when there is none to end.
    private mutating func end(
        _ name: UnsafeBufferPointer<UInt8>, _ options: UpdateOptions, _ moment: Moment,
        _ sink: inout some EntrySink & ~Copyable
    ) -> UInt64? {
        guard let topic = names.find(name, records), !records[topic].isEnded else { return nil }
        let version = number(topic, .deletion, options, moment, &sink)
        purge(moment.now, &sink)
        return version
    }

    /// Gives an update its version and sequence number and encodes it, once for all readers.
    mutating func number(
        _ topic: UInt32, _ content: UpdateContent, _ options: UpdateOptions, _ moment: Moment,
        _ sink: inout some EntrySink & ~Copyable
    ) -> UInt64 {
        let version = records[topic].version + 1
        let line = encodeUpdate(
            name: (records[topic].escapedName ?? records[topic].name).unsafeBytes, version: version,
            time: moment.time, moment: options.moment, content)
        record(
            InboxEntry(
                payload: line, sequence: sequence + 1, version: version, accepted: moment.now,
                timeToLive: options.timeToLive, topic: topic,
                event: content.isValue ? .value : .tombstone),
            &sink)
        return version
    }

    /// Goes on as what stands beside what `former` was asked for: the room that publishers had set aside, and the limit.
    mutating func succeed(_ former: borrowing Numbering) {
        reservedCount = former.reservedCount
        retention.topicLimit = former.retention.topicLimit
    }

    // MARK: Keeping

    /// Takes note of a numbered update and hands it on.
    private mutating func record(_ entry: InboxEntry, _ sink: inout some EntrySink & ~Copyable) {
        let topic = entry.topic
        let isTombstone = entry.event == .tombstone
        if stateWalk != nil { preserve(topic) }
        sequence = entry.sequence
        if records[topic].isEnded != isTombstone {
            records[topic].isEnded = isTombstone
            liveCount += isTombstone ? -1 : 1
            if isTombstone { ended.append(topic, &records) } else { ended.remove(topic, &records) }
        }
        records[topic].version = entry.version
        records[topic].sequence = entry.sequence
        records[topic].accepted = entry.accepted
        records[topic].latest = entry.payload
        if let log = records[topic].log { log.append(entry) }
        let lifetime = entry.timeToLive.isSaid ? madeLifetime(of: topic) : records[topic].lifetime
        if let lifetime { restart(lifetime, entry) }
        sink.post(entry)
    }

    mutating func madeLifetime(of topic: UInt32) -> Lifetime {
        if let lifetime = records[topic].lifetime { return lifetime }
        let made = Lifetime(LifetimeRule())
        records[topic].lifetime = made
        return made
    }

    /// Makes room for a topic whose first update is the next one.
    private mutating func create(
        _ name: Payload, _ now: Instant, _ sink: inout some EntrySink & ~Copyable
    ) -> UInt32 {
        let (sequence, version) = (sequence + 1, purgedVersion + 1)
        let keeps = retention.updateCount(keptOf: name.unsafeBytes)
        let log =
            keeps > 0 ? TopicLog(limit: keeps, originSequence: sequence, originVersion: version) : nil
        let topic = records.insert(
            Record(
                name: name, escapedName: escaped(name.unsafeBytes), log: log,
                lifetime: retention.lifetimeRule(for: name.unsafeBytes).map { Lifetime($0) },
                version: version - 1))
        names.insert(topic, records)
        liveCount += 1
        sink.post(
            InboxEntry(
                created: name, keeping: keeps, sequence: sequence, version: version, accepted: now,
                topic: topic))
        return topic
    }

    // MARK: Purging

    /// Forgets the oldest ended topics beyond the limit. A cursor from before is then reset, because nobody
    /// could tell it that they ended.
    mutating func purge(_ now: Instant, _ sink: inout some EntrySink & ~Copyable) {
        while endedCount > retention.tombstoneLimit {
            let topic = ended.oldest
            purge(topic, upTo: max(purgedVersion, records[topic].version), now, &sink)
        }
    }

    private mutating func purge(
        _ topic: UInt32, upTo version: UInt64, _ now: Instant, _ sink: inout some EntrySink & ~Copyable
    ) {
        if stateWalk != nil { preserve(topic) }
        purgedVersion = max(purgedVersion, version)
        purgedSequence = max(purgedSequence, records[topic].sequence)
        let entry = InboxEntry(
            payload: records[topic].name, sequence: records[topic].sequence, version: purgedVersion,
            accepted: now, topic: topic, event: .purged)
        names.remove(topic, records)
        ended.remove(topic, &records)
        if records[topic].lifetime != nil { expiries.cancel(topic) }
        records.remove(topic)
        sink.post(entry)
    }

    // MARK: Epochs

    /// From here on cursors are of another epoch.
    mutating func change(to lineage: Lineage, _ sink: inout some EntrySink & ~Copyable) {
        self.lineage = lineage
        sink.post(lineageEntry)
    }

    /// What is forgotten, as an entry: the numbers in these rise, so that the newest says all.
    var forgottenEntry: InboxEntry {
        InboxEntry(
            payload: lineage.text, sequence: purgedSequence, version: purgedVersion, accepted: .never,
            topic: 0, event: .forgotten)
    }

    /// The lineage and the present, as an entry.
    var lineageEntry: InboxEntry {
        InboxEntry(
            payload: lineage.text, sequence: sequence, version: 0, accepted: .never, topic: 0,
            event: .lineage)
    }
}
