/// How much somebody has done lately, as one moment in time, like `MessageRate`.
internal import Primitives

/// How much may be done.
struct RateLimit {
    /// A second; 0: no limit.
    let rate: Double
    /// How much may come ahead of that.
    let burst: Int

    /// A rate so small that its interval does not fit is as good as the longest one: some 30 years.
    fileprivate var interval: Double { min(1e9 / rate, 1e18) }
}

/// Each thing done costs an interval. A batch is let in as long as the debt is within the burst, whatever its size, for it
/// is taken whole or not at all; it then adds to the debt.
struct Allowance {
    private var paidUntil = Instant(nanoseconds: 0)

    /// How long nothing is let in; nil: it is.
    func wait(at now: Instant, _ limit: RateLimit) -> Duration? {
        guard limit.rate > 0 else { return nil }
        let debt =
            Double(paidUntil.nanoseconds) - Double(now.nanoseconds) - limit.interval * Double(limit.burst)
        return debt > 0 ? .nanoseconds(Int64(min(debt, 9e18))) : nil
    }

    mutating func take(_ count: Int = 1, at now: Instant, _ limit: RateLimit) {
        guard limit.rate > 0 else { return }
        paidUntil = max(paidUntil, now) + .nanoseconds(Int64(min(limit.interval * Double(count), 9e18)))
    }

    /// Takes note of `count`, or says how long to wait before any are let in.
    mutating func admit(_ count: Int = 1, at now: Instant, _ limit: RateLimit) -> Duration? {
        if let wait = wait(at: now, limit) { return wait }
        take(count, at: now, limit)
        return nil
    }
}
