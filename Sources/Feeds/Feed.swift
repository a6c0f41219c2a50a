/// A source of updates with no clock and no thread of its own.
package import Broker
package import Primitives

/// Owned by whoever asks it, one at a time: a `FeedThread` or a test.
package protocol Feed: AnyObject {
    /// Appends to `batch` what is due at `now` and says when it wants to be asked again; nil: it has ended.
    ///
    /// Asked late, a feed skips or shifts what it missed: one batch stays bounded however long it slept.
    func produce(
        at now: Instant, time: UnixTime, into batch: inout UpdateBatch
    ) throws(FeedFailure) -> Instant?
}

/// Why a feed could not produce.
package struct FeedFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let reason: String
    /// Whether asking again later may help: a file that is not there yet, as against one that is malformed.
    package let isPassing: Bool

    package init(_ reason: String, isPassing: Bool) {
        self.reason = reason
        self.isPassing = isPassing
    }

    package var description: String { reason }
}
