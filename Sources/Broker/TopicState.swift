/// All that is known of a topic, and of the order besides its topics: what a snapshot of the state is made of.
internal import Primitives

/// Shares its payloads with the topic it was taken from.
package struct TopicState: Sendable {
    let name: Payload
    /// Its last update.
    let latest: Payload
    let isEnded: Bool
    let version: UInt64
    let sequence: UInt64
    let accepted: Instant
    /// What its last update said of how long it lasts.
    let timeToLive: TimeToLive
    /// Where its value is stale.
    let staleness: Staleness?
    let log: LogState?

    /// What a log keeps.
    struct LogState: Sendable {
        let kept: [TopicLog.Kept]
        let firstVersion: UInt64
        let lostSequence: UInt64
        let lifeVersion: UInt64
        let originSequence: UInt64
        let originVersion: UInt64
    }
}

/// The order itself.
package struct OrderState: Sendable {
    package let sequence: UInt64
    package let lineage: Lineage
    let purgedVersion: UInt64
    let purgedSequence: UInt64
    let rules: Sequencer.Retention
    let keys: KeyMemory
    /// How many topics there are, to tell how far a restart is.
    package let topicCount: Int
}

extension Numbering {
    var orderState: OrderState {
        OrderState(
            sequence: sequence, lineage: lineage, purgedVersion: purgedVersion,
            purgedSequence: purgedSequence, rules: retention, keys: keys, topicCount: names.count)
    }

    /// Nil between the creation and the first update.
    func state(of topic: UInt32) -> TopicState? {
        guard let latest = records[topic].latest else { return nil }
        return TopicState(
            name: records[topic].name, latest: latest, isEnded: records[topic].isEnded,
            version: records[topic].version, sequence: records[topic].sequence,
            accepted: records[topic].accepted, timeToLive: records[topic].lifetime?.given ?? .unsaid,
            staleness: records[topic].lifetime?.staleness, log: records[topic].log?.state)
    }

    // MARK: Restoring

    /// Takes over the order; its topics are to follow, in any order, and then `finishRestoring`. Nothing was published yet.
    mutating func restore(_ order: OrderState) {
        precondition(names.count == 0, "a state was restored over another one")
        sequence = order.sequence
        lineage = order.lineage
        purgedVersion = order.purgedVersion
        purgedSequence = order.purgedSequence
        retention.takeRules(of: order.rules)
        keys = order.keys
    }

    /// Takes over a topic.
    mutating func restore(_ state: TopicState, to sink: inout some EntrySink & ~Copyable) {
        guard names.find(state.name.unsafeBytes, records) == nil else { return }
        let topic = records.insert(record(of: state))
        names.insert(topic, records)
        if !state.isEnded { liveCount += 1 }
        goOn(with: topic, &sink)
    }

    /// All that was restored has lived by the log's clock: from here on it lives by this process's.
    mutating func live(by clock: LogClock) {
        keys.live(by: clock)
        for topic in 0..<UInt32(records.limit) where records.contains(topic) {
            records[topic].accepted = clock.instant(ofLog: records[topic].accepted)
            records[topic].log?.live(by: clock)
            guard let lifetime = records[topic].lifetime else { continue }
            lifetime.live(by: clock)
            expiries.cancel(topic)
            schedule(topic, lifetime)
        }
    }

    /// A topic as the present rules have it.
    private func record(of state: TopicState) -> Record {
        let name = state.name.unsafeBytes
        var record = Record(
            name: state.name, escapedName: escaped(name),
            log: TopicLog(restoring: state, limit: retention.updateCount(keptOf: name)),
            lifetime: Lifetime(restoring: state, retention.lifetimeRule(for: name)),
            latest: state.latest, version: state.version)
        record.isEnded = state.isEnded
        record.sequence = state.sequence
        record.accepted = state.accepted
        return record
    }

    private mutating func goOn(with topic: UInt32, _ sink: inout some EntrySink & ~Copyable) {
        expiries.cancel(topic)
        if let lifetime = records[topic].lifetime { schedule(topic, lifetime) }
        sink.post(
            InboxEntry(
                created: records[topic].name, keeping: records[topic].log?.limit ?? 0,
                sequence: records[topic].sequence, version: records[topic].version,
                accepted: records[topic].accepted, topic: topic))
    }

    // MARK: Rules

    /// From here on other rules hold, also for the topics that are there. Nobody reads yet.
    mutating func take(
        _ rules: Sequencer.Retention, at now: Instant, to sink: inout some EntrySink & ~Copyable
    ) {
        retention.takeRules(of: rules)
        for topic in 0..<UInt32(records.limit) where records.contains(topic) {
            guard let state = state(of: topic) else { continue }
            let (before, after) = (records[topic].endedBefore, records[topic].endedAfter)
            records[topic] = record(of: state)
            (records[topic].endedBefore, records[topic].endedAfter) = (before, after)
            goOn(with: topic, &sink)
        }
        purge(now, &sink)
    }

    /// All topics are there: those that have ended stand in the order of their ends.
    mutating func finishRestoring() {
        var places: [UInt32] = []
        for topic in 0..<UInt32(records.limit) where records.contains(topic) && records[topic].isEnded {
            places.append(topic)
        }
        places.sort { records[$0].sequence < records[$1].sequence }
        for topic in places { ended.append(topic, &records) }
    }
}

extension Lifetime {
    /// Nil where neither the topic nor a rule says anything.
    convenience init?(restoring topic: TopicState, _ rule: LifetimeRule?) {
        guard rule != nil || topic.timeToLive.isSaid else { return nil }
        self.init(rule ?? LifetimeRule())
        if topic.isEnded { return }
        begin(at: topic.accepted, topic.timeToLive)
        if let staleness = topic.staleness { becomeStale(staleness) }
    }
}

extension TopicLog {
    /// The same as a value: what is kept is shared until the log changes.
    var state: TopicState.LogState {
        TopicState.LogState(
            kept: keptInOrder, firstVersion: firstVersion, lostSequence: lostSequence,
            lifeVersion: lifeVersion, originSequence: originSequence, originVersion: originVersion)
    }

    /// A log of what a topic's state holds, or nil where none is to be kept: `limit` is 0. A topic that had none until now has
    /// lost all before its last update.
    convenience init?(restoring topic: TopicState, limit: Int) {
        guard limit > 0 else { return nil }
        guard let log = topic.log else {
            self.init(limit: limit)
            append(topic.latest, sequence: topic.sequence, version: topic.version, accepted: topic.accepted)
            lifeVersion = topic.isEnded ? topic.version + 1 : topic.version
            return
        }
        self.init(
            limit: limit, originSequence: log.originSequence, originVersion: log.originVersion)
        begin(at: log.firstVersion, lost: log.lostSequence)
        for (place, kept) in log.kept.enumerated() {
            append(
                kept.payload, sequence: kept.sequence, version: log.firstVersion + UInt64(place),
                accepted: kept.accepted)
        }
        lifeVersion = log.lifeVersion
    }
}
