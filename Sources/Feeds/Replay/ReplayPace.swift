/// When each row of a recording is due: at its recorded time, scaled, or at a fixed rate.
internal import Primitives

struct ReplayPace {
    private let interval: Interval
    /// When the latest row was due.
    private var due: Instant?
    private var time: RecordedTime?
    /// The time between the latest two rows. It also separates the end of a round from the next one's beginning.
    private var gap = shortestGap

    private enum Interval {
        case fixed(nanoseconds: Double)
        /// Divided by the speed.
        case recorded(speed: Double)
    }

    /// 1 ms: a recording of one row that loops must not spin.
    private static let shortestGap = Duration.milliseconds(1)
    /// If it is later than this, all further rows move back by the delay: none is skipped, and no burst comes.
    private static let latenessLimit = Duration.seconds(1)
    /// A day: nobody waits for longer. Over a jump of the recorded times that is longer, nobody waits at all: it is one
    /// wrong time, or a pause of the recording, and the feed would look dead.
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
            // Rows that are out of order are due together.
            let passed = max(0, Double(time.nanoseconds) - Double(earlier.nanoseconds))
            guard passed <= Self.longestGap else { return due + gap }
            let duration = Duration.nanoseconds(Int64(min(passed / speed, Self.longestGap)))
            if duration > Self.shortestGap { gap = duration }
            return due + duration
        }
    }

    /// The recording starts anew: its first time has no relation to the latest row's.
    mutating func rewind() {
        time = nil
    }
}
