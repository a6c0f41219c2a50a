/// How long the gateway remembers what was: which topics keep a log, and how many tombstones are held.
package import Primitives

extension Sequencer {
    package struct Retention: Sendable {
        /// The first pattern that covers a topic decides; none: latest only. Logs keep 1 or more updates.
        package var logs: [(pattern: TopicPattern, updateCount: Int)] = []
        /// How long topics live without an update, and after what time their values count as stale: the first pattern that covers
        /// a topic decides; none: for ever.
        package var timesToLive: [(pattern: TopicPattern, interval: Interval)] = []
        package var staleness: [(pattern: TopicPattern, interval: Interval)] = []
        /// Ended topics remembered so that a resume can tell of them; the oldest is purged for the next.
        package var tombstoneLimit = 100_000
        /// Keys of publishers remembered, and for how long; the oldest is forgotten for the next.
        package var keyLimit = 100_000
        package var keyLife = Interval(.seconds(600))
        /// New topics beyond this many are refused: names come from publishers, memory from us.
        package var topicLimit = 1_000_000

        package init() {}

        /// All but the limit of topics, which decides nothing about those that are there.
        mutating func takeRules(of other: Retention) {
            let topicLimit = topicLimit
            self = other
            self.topicLimit = topicLimit
        }

        package func hasRules(of other: Retention) -> Bool { difference(from: other) == nil }

        /// The setting by which the first rule that differs is known; nil: none does.
        package func difference(from other: Retention) -> String? {
            if tombstoneLimit != other.tombstoneLimit { return "topics.tombstones" }
            if !logs.elementsEqual(other.logs, by: ==) { return "topics.logs" }
            if !timesToLive.elementsEqual(other.timesToLive, by: ==) { return "topics.ttl" }
            if !staleness.elementsEqual(other.staleness, by: ==) { return "topics.stale" }
            if keyLimit != other.keyLimit { return "publishers.keys" }
            return keyLife == other.keyLife ? nil : "publishers.keyLife"
        }

        /// How many updates the log of a topic keeps; 0 where it has none.
        func updateCount(keptOf name: UnsafeBufferPointer<UInt8>) -> Int {
            logs.first { $0.pattern.covers(name) }?.updateCount ?? 0
        }

        /// Nil where a topic's values last for ever.
        func lifetimeRule(for name: UnsafeBufferPointer<UInt8>) -> LifetimeRule? {
            if timesToLive.isEmpty, staleness.isEmpty { return nil }
            let rule = LifetimeRule(
                timeToLive: timesToLive.first { $0.pattern.covers(name) }?.interval,
                staleAfter: staleness.first { $0.pattern.covers(name) }?.interval)
            return rule == LifetimeRule() ? nil : rule
        }
    }
}
