/// When all marked readers are flushed next: at once as long as that is cheap, seldom when it is dear.
internal import Primitives

/// The dearest part of an update is not its bytes but the call to the kernel that sends them. So after a flush of
/// many readers the next one waits eight times as long as this one took, up to a limit: what comes meanwhile is sent
/// with it, and a ninth of the loop's time goes into sending until the limit is reached. A flush of a few readers is
/// over in no time, and nothing waits.
struct FlushRhythm {
    /// Below this the clock of the poller is too coarse for a wait.
    private static let leastWait = Duration.milliseconds(1)

    let longestWait: Duration
    private(set) var due = Instant(nanoseconds: 0)

    init(longestWait: Duration) {
        self.longestWait = longestWait
    }

    mutating func flushed(from start: Instant, to end: Instant) {
        let wait = min(end.since(start) * 8, longestWait)
        due = wait >= Self.leastWait ? end + wait : end
    }
}
