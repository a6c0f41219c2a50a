/// How long the gateway remembers what was: which topics keep a log, and how many tombstones are held.
internal import Primitives

extension Sequencer {
    package struct Retention: Sendable {
        /// The first pattern that covers a topic decides; none: latest only. Logs keep 1 or more updates.
        package var logs: [(pattern: TopicPattern, updateCount: Int)] = []
        /// Ended topics remembered so that a resume can tell of them; the oldest is purged for the next.
        package var tombstoneLimit = 100_000
        /// New topics beyond this many are refused: names come from publishers, memory from us.
        package var topicLimit = 1_000_000

        package init() {}

        /// How many updates the log of a topic keeps; 0 where it has none.
        func updateCount(keptOf name: UnsafeBufferPointer<UInt8>) -> Int {
            logs.first { $0.pattern.covers(name) }?.updateCount ?? 0
        }
    }
}
