/// A source of updates without a clock or a thread of its own.
package import Broker
package import Primitives

/// Owned by its one caller: a `FeedThread` or a test.
package protocol Feed: AnyObject {
    /// Appends to `batch` the updates due at `now`. Returns when to call again; nil: the feed has ended.
    ///
    /// A late call skips or shifts missed updates, so a batch stays bounded after any pause.
    func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant?
}

/// Why a feed could not produce updates.
package struct FeedFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: String
    /// Whether a later attempt may succeed: a file may appear, but a malformed one will not mend.
    package let isPassing: Bool

    package init(_ reason: String, isPassing: Bool) {
        self.reason = reason
        self.isPassing = isPassing
    }

    package var description: String { reason }
}
