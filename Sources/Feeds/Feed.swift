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

    /// What the feed has left out since it was last asked.
    func takeSkipped() -> SkippedRecords
}

extension Feed {
    package func takeSkipped() -> SkippedRecords { SkippedRecords() }
}

/// Records of a feed's source that became no updates, because something is wrong with them.
package struct SkippedRecords: Sendable, Equatable {
    package private(set) var count = 0
    /// Where the first of them stands, and what is wrong with it.
    package private(set) var example = ""

    /// What others wrote may be long: a line of the log is not.
    private static let exampleLength = 300

    package init() {}

    package mutating func add(_ reason: String) {
        if count == 0 { example = String(reason.prefix(Self.exampleLength)) }
        count += 1
    }
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
