/// A feed that several processes have, and that runs in one of them at a time: it waits while that is another.
package import Broker
package import Primitives

package final class SharedFeed: Feed {
    /// How often it looks whether its turn has come.
    static let pause = Duration.milliseconds(250)

    private let feed: any Feed
    private let isHere: @Sendable () -> Bool

    /// - Parameter isHere: whether this process has it at this moment.
    package init(_ feed: any Feed, isHere: @escaping @Sendable () -> Bool) {
        self.feed = feed
        self.isHere = isHere
    }

    package func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant? {
        guard isHere() else { return now + Self.pause }
        // It may have taken long, and be another's by now.
        defer { if !isHere() { batch.removeAll() } }
        return try feed.produce(at: now, time: time, into: &batch)
    }

    package func takeSkipped() -> SkippedRecords { feed.takeSkipped() }
}
