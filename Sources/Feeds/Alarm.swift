/// A wait until a moment, which another thread can cut short: a feed's thread sleeps in it.
internal import Primitives

/// Any thread.
final class Alarm: Sendable {
    private let state = Monitor(false)

    /// Ends every wait, including later ones.
    func raise() {
        state.withLock { $0 = true }
    }

    var isRaised: Bool { state.withLock { $0 } }

    /// Whether the alarm was raised before `deadline`.
    func wait(until deadline: Instant) -> Bool {
        state.wait(until: deadline) { $0 }
    }
}
