/// Counts events over the last two seconds, and gives their rate a second.
package import Primitives

package struct RateMeter: Sendable {
    private static let slotCount: UInt64 = 8
    private static let slot: UInt64 = 250_000_000

    private var counts = [Int](repeating: 0, count: Int(slotCount))
    private var latest: UInt64?
    private var first: UInt64 = 0

    package init() {}

    package mutating func add(_ count: Int, now: Instant) {
        let slot = now.nanoseconds / Self.slot
        if let latest {
            for passed in latest..<max(latest, min(slot, latest + Self.slotCount)) {
                counts[Int((passed + 1) % Self.slotCount)] = 0
            }
        } else {
            first = slot
        }
        latest = max(latest ?? 0, slot)
        counts[Int(slot % Self.slotCount)] += count
    }

    /// Leaves out the slot that is being filled, because the figure would flicker.
    package func perSecond(now: Instant) -> Double {
        guard let latest else { return 0 }
        let slot = now.nanoseconds / Self.slot
        let window = min(max(slot - first, 1), Self.slotCount - 1)
        var sum = 0
        for past in 1...window where slot - past <= latest && slot - past + Self.slotCount > latest {
            sum += counts[Int((slot - past) % Self.slotCount)]
        }
        return Double(sum) * 1e9 / Double(window * Self.slot)
    }
}
