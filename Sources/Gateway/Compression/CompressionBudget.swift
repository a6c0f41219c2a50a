/// The time that a loop may spend compressing: a share of what passes, saved up for a short while.
internal import Primitives

struct CompressionBudget {
    /// A loop that was quiet may spend so much at once: 20 ms, which is a megabyte of snapshots.
    private static let savingsNanoseconds = 20e6

    /// 1 and more: without limit.
    private let share: Double
    private var nanoseconds = savingsNanoseconds
    private var refilled = Instant(nanoseconds: 0)

    init(share: Double) {
        self.share = share
    }

    /// Whether something is left. A message that was begun is finished, so the balance may fall below zero.
    mutating func allows(at now: Instant) -> Bool {
        guard share < 1 else { return true }
        let earned = Double(now.since(refilled).nanoseconds) * share
        refilled = now
        nanoseconds = min(nanoseconds + earned, Self.savingsNanoseconds)
        return nanoseconds > 0
    }

    mutating func spend(_ time: Duration) {
        nanoseconds -= Double(time.nanoseconds)
    }
}
