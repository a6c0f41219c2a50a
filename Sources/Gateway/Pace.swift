/// How often a reader wants to hear of a topic.
internal import Primitives

/// The first update after a quiet spell goes at once; the next ones wait, conflating, until the interval is over.
struct Pace {
    /// Updates of a topic a second; 0: as fast as it goes.
    private var rate: Double
    private(set) var due = Instant(nanoseconds: 0)

    /// `maximumRate` is in updates of a topic a second; nil for no limit.
    init(maximumRate: Double?) {
        rate = maximumRate ?? 0
    }

    /// Updates of a topic a second; nil for no limit.
    var maximumRate: Double? { isLimited ? rate : nil }

    var isLimited: Bool { rate > 0 }

    /// Takes note that every changed topic was sent.
    mutating func flushed(at now: Instant) {
        if isLimited { due = Instant(nanoseconds: now.nanoseconds &+ interval) }
    }

    /// Changes the rate. The last sending still counts: a reader gains nothing by asking again and again.
    mutating func change(maximumRate: Double?, now: Instant) {
        let (wasLimited, before) = (isLimited, interval)
        rate = maximumRate ?? 0
        let last = due.nanoseconds >= before ? due.nanoseconds - before : 0
        due = Instant(nanoseconds: isLimited ? max(last, 1) &+ interval : 0)
        if !wasLimited, isLimited { due = now }
    }

    /// In nanoseconds. A rate so small that it does not fit is as good as the longest one: some 292 years.
    private var interval: UInt64 {
        isLimited ? UInt64(max(min(1e9 / rate, 9e18), 1)) : 0
    }
}
