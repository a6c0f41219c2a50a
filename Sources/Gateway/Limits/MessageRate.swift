/// How many messages a peer has sent lately, as one moment in time.
internal import Primitives

/// Each message costs an interval of time. `paidUntil` is the moment up to which all that were sent are paid for;
/// it may lie ahead of now, as far as the burst allows (a leaky bucket, told by a clock instead of a counter).
struct MessageRate {
    enum Verdict {
        case accepted
        /// Too many: the message is to be refused.
        case refused
        /// Refused so often that it is no accident: the connection is to be closed.
        case excessive
    }

    private var paidUntil = Instant(nanoseconds: 0)

    /// Counts a message. `rate` is in messages a second, 0 for no limit; `burst` of them may come at once, and
    /// are refused when they come on top, before the peer is thought to mean it.
    mutating func count(at now: Instant, rate: Double, burst: Int) -> Verdict {
        guard rate > 0 else { return .accepted }
        // A rate so small that its interval does not fit is as good as the longest one: some 30 years.
        let interval = max(min(1e9 / rate, 1e18), 1).rounded()
        paidUntil = max(paidUntil, now) + .nanoseconds(Int64(interval))
        let ahead = Double(paidUntil.nanoseconds - now.nanoseconds) / interval
        if ahead <= Double(burst) { return .accepted }
        return ahead <= Double(2 * burst) ? .refused : .excessive
    }
}
