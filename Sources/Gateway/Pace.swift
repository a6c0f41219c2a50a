/// How often a reader wants to hear of a topic.
internal import Primitives

/// The first update after a quiet spell goes at once; the next ones wait, conflating, until the interval is over.
struct Pace {
    /// 0: as fast as it goes.
    private var intervalNanoseconds: UInt64
    private(set) var due = Instant(nanoseconds: 0)

    /// `maximumRate` is in updates of a topic a second; nil for no limit.
    init(maximumRate: Double?) {
        intervalNanoseconds = Self.interval(maximumRate)
        self.maximumRate = maximumRate
    }

    /// Updates of a topic a second; nil for no limit.
    private(set) var maximumRate: Double?

    var isLimited: Bool { intervalNanoseconds > 0 }

    /// Takes note that every changed topic was sent.
    mutating func flushed(at now: Instant) {
        if isLimited { due = Instant(nanoseconds: now.nanoseconds &+ intervalNanoseconds) }
    }

    /// Changes the rate. What was sent last counts on: nobody gains by asking again and again.
    mutating func change(maximumRate: Double?, now: Instant) {
        let before = intervalNanoseconds
        intervalNanoseconds = Self.interval(maximumRate)
        self.maximumRate = maximumRate
        let last = due.nanoseconds >= before ? due.nanoseconds - before : 0
        due = Instant(nanoseconds: isLimited ? max(last, 1) &+ intervalNanoseconds : 0)
        if before == 0, isLimited { due = now }
    }

    /// A rate so small that its interval does not fit is as good as the longest one: some 292 years.
    private static func interval(_ maximumRate: Double?) -> UInt64 {
        maximumRate.map { UInt64(max(min(1e9 / $0, 9e18), 1)) } ?? 0
    }
}
