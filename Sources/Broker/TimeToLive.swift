/// How long a value lasts if no newer one comes.
package import Primitives

/// In ticks of the timers that end topics, in sixteen bits, so that every update can say it: eleven bits of number and five of shift.
/// What does not fit exactly is up to a thousandth longer.
package struct TimeToLive: Sendable, Equatable {
    /// Nothing is said of it, and a rule decides.
    package static let unsaid = TimeToLive(bits: 0)
    /// Timers are this exact.
    package static var tick: Interval { Interval(milliseconds: 16) }
    /// 279 years: what is far from the end of an `Interval`.
    private static var mostTicks: UInt64 { 1 << 39 }

    let bits: UInt16

    init(bits: UInt16) {
        self.bits = bits
    }

    package init(_ interval: Interval) {
        let tick = Self.tick.nanoseconds
        let ticks = min(
            max(interval.nanoseconds / tick + (interval.nanoseconds % tick == 0 ? 0 : 1), 1), Self.mostTicks)
        var shift: UInt64 = 0
        while (ticks + (1 << shift) - 1) >> shift > 2047 { shift += 1 }
        bits = UInt16((ticks + (1 << shift) - 1) >> shift) << 5 | UInt16(shift)
    }

    var isSaid: Bool { bits > 0 }

    /// Nil where nothing is said.
    var interval: Interval? {
        isSaid ? Interval(nanoseconds: (UInt64(bits >> 5) << UInt64(bits & 31)) * Self.tick.nanoseconds) : nil
    }
}
