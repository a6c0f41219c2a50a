/// The one clock of a simulated world. It moves when the world says so, and a little with each write.
import Primitives

final class SimulatedTime {
    private let manual = ManualClock()
    /// When the turn at work began: what a loop takes for the present all through the turn.
    var turnStart: Instant

    init() {
        turnStart = manual.now
    }

    var clock: Clock { .manual(manual) }
    var now: Instant { manual.now }
    var wall: UnixTime { manual.time }

    /// From now on every look at the clock takes a loop so long.
    func advanceWithEachReading(nanoseconds: Int) {
        manual.advanceWithEachReading(by: .nanoseconds(Int64(nanoseconds)))
    }

    func advance(nanoseconds: Int) {
        manual.advance(by: .nanoseconds(Int64(nanoseconds)))
    }

    func advance(to moment: Instant) {
        if moment > now { manual.advance(by: moment.since(now)) }
    }
}
