/// A wait until a moment, which another thread can cut short: a feed's thread sleeps in it.
internal import Primitives

/// Any thread.
final class Alarm: Sendable {
    private let isRaised = Monitor(false)

    /// Ends every wait, including later ones.
    func raise() {
        isRaised.withLock { $0 = true }
    }

    /// Whether the alarm was raised before `deadline`.
    func wait(until deadline: Instant) -> Bool {
        isRaised.wait(until: deadline) { $0 }
    }
}
