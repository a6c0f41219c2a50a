/// Lets through one piece of news a minute: a feed whose every row is bad costs the log no more.
package import Primitives

package struct FeedThrottle: Sendable {
    private static let interval = Duration.seconds(60)
    private var latest: Instant?

    package init() {}

    /// Whether what happens at `now` is to be told.
    package mutating func admits(at now: Instant) -> Bool {
        if let latest, now.since(latest) < Self.interval { return false }
        latest = now
        return true
    }
}
