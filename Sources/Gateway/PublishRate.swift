/// How many updates a connection has published lately, as one moment in time, like `MessageRate`.
internal import Primitives

/// Each update costs an interval. A batch is let in as long as the debt is within the burst, whatever its size, for it
/// is taken whole or not at all; it then adds to the debt.
struct PublishRate {
    private var paidUntil = Instant(nanoseconds: 0)

    /// Takes note of `count` updates, or says how long to wait before any are taken. `rate` is in updates a second,
    /// 0 for no limit.
    mutating func admit(_ count: Int, at now: Instant, rate: Double, burst: Int) -> Duration? {
        guard rate > 0 else { return nil }
        // So small a rate that its interval does not fit is as good as the longest one: some 30 years.
        let interval = min(1e9 / rate, 1e18)
        let debt = Double(paidUntil.nanoseconds) - Double(now.nanoseconds) - interval * Double(burst)
        if debt > 0 { return .nanoseconds(Int64(min(debt, 9e18))) }
        paidUntil = max(paidUntil, now) + .nanoseconds(Int64(min(interval * Double(count), 9e18)))
        return nil
    }
}
