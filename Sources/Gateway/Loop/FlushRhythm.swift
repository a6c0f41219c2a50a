/// When all marked readers are flushed next: at once as long as that is cheap, seldom when it is dear.
internal import Primitives

/// The dearest part of an update is not its bytes but the call to the kernel that sends them. So a flush of many
/// readers begins no sooner than nine times as long as the last one took after that began, up to a limit: what comes
/// meanwhile is sent with it, and a ninth of the loop's time goes into sending until the limit is reached. A flush of
/// a few readers is over in no time, and nothing waits.
struct FlushRhythm {
    /// Below this the clock of the poller is too coarse for a wait.
    private static let leastWait = Duration.milliseconds(1)

    let longestWait: Duration
    private(set) var due = Instant(nanoseconds: 0)

    init(longestWait: Duration) {
        self.longestWait = longestWait
    }

    mutating func flushed(from start: Instant, to end: Instant) {
        let next = start + min(end.since(start) * 9, longestWait)
        due = next >= end + Self.leastWait ? next : end
    }
}
