/// When each row of a recording is due: at its own times, faster or slower, or at a fixed rate.
internal import Primitives

struct ReplayPace {
    private let interval: Interval
    /// Of the latest row.
    private var due: Instant?
    private var time: RecordedTime?
    /// Between the latest two rows: what stands between the end of a round and the next one's beginning.
    private var gap = shortestGap

    private enum Interval {
        case fixed(nanoseconds: Double)
        /// Divided by the speed.
        case recorded(speed: Double)
    }

    /// 1 ms: a recording of one row that loops shall not spin.
    private static let shortestGap = Duration.milliseconds(1)
    /// Later than this, the rest is put off as a whole: nothing is skipped and nothing comes in a burst.
    private static let latenessLimit = Duration.seconds(1)
    /// A day: a gap in the times beyond it is a mistake of theirs, and the feed would look dead.
    private static let longestGap: Double = 86_400e9

    init(speed: Double) {
        interval = .recorded(speed: speed)
    }

    init(rate: Double) {
        interval = .fixed(nanoseconds: 1e9 / rate)
    }

    /// When the next row is due, given its time if it has one.
    mutating func next(_ time: RecordedTime?, now: Instant) -> Instant {
        let planned = plan(time, now: now)
        let isTooLate = now.since(planned) > Self.latenessLimit
        due = isTooLate ? now : planned
        self.time = time
        return isTooLate ? now : planned
    }

    private mutating func plan(_ time: RecordedTime?, now: Instant) -> Instant {
        guard let due else { return now }
        switch interval {
        case .fixed(let nanoseconds):
            return due + .nanoseconds(Int64(nanoseconds.rounded()))
        case .recorded(let speed):
            guard let time, let earlier = self.time else { return due + gap }
            // Rows out of order are due together.
            let passed = max(0, Double(time.nanoseconds) - Double(earlier.nanoseconds)) / speed
            let duration = Duration.nanoseconds(Int64(min(passed, Self.longestGap)))
            if duration > Self.shortestGap { gap = duration }
            return due + duration
        }
    }

    /// The recording starts anew: its first time says nothing of the latest row's.
    mutating func rewind() {
        time = nil
    }
}
