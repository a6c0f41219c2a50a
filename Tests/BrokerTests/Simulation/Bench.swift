import Primitives

/// One sequencer, one loop, and short words for what tests do with them.
@testable import Broker

final class Bench {
    let sequencer: Sequencer
    let inbox: Inbox
    let replica: BrokerReplica
    var batch = Batch()

    init(_ retention: Sequencer.Retention = .init(), wake: @escaping @Sendable () -> Void = {}) {
        sequencer = Sequencer(epoch: Epoch("bench"), retention: retention)
        inbox = sequencer.addInbox(wake: wake)
        replica = BrokerReplica(inbox: inbox)
    }

    /// One with a log of `keeps` updates for topics below `log/`.
    convenience init(logging keeps: Int, tombstoneLimit: Int = 1000) throws {
        var retention = Sequencer.Retention()
        retention.logs = [(try TopicPattern("log/**"), keeps)]
        retention.tombstoneLimit = tombstoneLimit
        self.init(retention)
    }

    @discardableResult
    func publish(_ topic: String, _ data: String?, time: UInt64 = 1) throws -> UInt64? {
        try publish([(topic, data)], time: time).lastVersion
    }

    @discardableResult
    func publish(_ updates: [(String, String?)], time: UInt64 = 1) throws -> PublishOutcome {
        var batch = UpdateBatch()
        for (topic, data) in updates {
            if let data {
                try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span)
            } else {
                try batch.append(tombstoneOf: Array(topic.utf8).span)
            }
        }
        return try sequencer.publish(
            batch, time: UnixTime(milliseconds: time), at: Instant(nanoseconds: time * 1_000_000))
    }

    /// Publishes a value that lasts so many milliseconds.
    func publish(_ topic: String, _ data: String, time: UInt64, lasting milliseconds: UInt64) throws {
        var options = UpdateOptions()
        options.timeToLive = TimeToLive(Interval(milliseconds: milliseconds))
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span, options: options)
        try sequencer.publish(
            batch, time: UnixTime(milliseconds: time), at: Instant(milliseconds: time))
    }

    /// Both clocks show so many milliseconds.
    func expire(at milliseconds: UInt64) {
        sequencer.expire(
            time: UnixTime(milliseconds: milliseconds), at: Instant(milliseconds: milliseconds))
    }

    func latest(_ topic: String) -> String? {
        replica.latest(Array(topic.utf8).span).map { String(decoding: $0.line, as: UTF8.self) }
    }

    func reader(of patterns: [String], after sequence: UInt64? = nil) throws -> SubscriberID {
        let id = replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        try subscribe(id, patterns, after: sequence)
        return id
    }

    /// Covers all of it at once; returns whether the cursor was honoured.
    @discardableResult
    func subscribe(_ id: SubscriberID, _ patterns: [String], after sequence: UInt64? = nil) throws -> Bool {
        let isResumed = replica.subscribe(
            id, to: try patterns.map { try TopicPattern($0) }, after: sequence.map { replica.cursor($0) })
        replica.finish()
        return isResumed
    }

    func unsubscribe(_ id: SubscriberID, _ patterns: [String]) throws {
        replica.unsubscribe(id, from: try patterns.map { try TopicPattern($0) })
        replica.finish()
    }

    /// One drain's lines; the rest of the answer stays in `batch`.
    func drain(
        _ id: SubscriberID, budget: Int = 1 << 20, rounds: Rounds = .all, at milliseconds: UInt64? = nil
    ) -> [String] {
        batch.removeAll()
        let now = milliseconds.map { Instant(nanoseconds: $0 * 1_000_000) }
        replica.drain(id, byteBudget: budget, rounds: rounds, at: now, into: &batch)
        return batch.lines
    }

    func poll(_ patterns: [String], after sequence: UInt64?, budget: Int = 1 << 20) throws -> [String] {
        batch.removeAll()
        _ = replica.poll(
            try patterns.map { try TopicPattern($0) }, after: sequence.map { replica.cursor($0) },
            byteBudget: budget, into: &batch)
        return batch.lines
    }

    /// All pages of a listing: the names.
    func list(_ pattern: String, limit: Int) throws -> [String] {
        let wanted = try TopicPattern(pattern)
        var (names, after) = ([String](), [UInt8]?.none)
        repeat {
            batch.removeAll()
            let last = replica.list(wanted, after: after, limit: limit, into: &batch)
            for line in batch.lines {
                names.append(String(line.split(separator: "\"")[3]))
            }
            after = last.map { Array($0.unsafeBytes) }
        } while after != nil
        return names
    }
}

extension Instant {
    init(milliseconds: UInt64) {
        self.init(nanoseconds: milliseconds * 1_000_000)
    }
}
