/// A loop as its thread would run it: it announces its sleep, sleeps until its kernel has something to tell or the time is
/// up, and turns. It takes no turn that a real one would not take.
import Gateway
import Primitives
import Transport

final class SimulatedLoop {
    private enum State {
        /// A turn is over; nobody knows yet how long it will sleep.
        case turned
        /// It sleeps, at the latest until then.
        case asleep(until: Instant)
    }

    let kernel: SimulatedKernel
    let statistics: LoopStatistics
    private let loop: GatewayLoop
    private let time: SimulatedTime
    private var state = State.turned
    private var ready: [Poller.Event] = []
    private(set) var turnCount = 0

    init(_ loop: GatewayLoop, _ kernel: SimulatedKernel, _ statistics: LoopStatistics, _ time: SimulatedTime)
    {
        self.loop = loop
        self.kernel = kernel
        self.statistics = statistics
        self.time = time
    }

    var hasDrained: Bool { loop.hasDrained }

    /// Whether its thread would do something now.
    var canRun: Bool {
        switch state {
        case .turned: !hasDrained
        case .asleep(let until): time.now >= until || kernel.isReady
        }
    }

    /// When it wakes if nothing happens; `never` where only others can wake it.
    var wakesAt: Instant {
        if case .asleep(let until) = state { return until }
        return time.now
    }

    /// Announces its sleep, or wakes and turns; returns whether it turned.
    func run() throws -> Bool {
        switch state {
        case .turned:
            state = .asleep(until: sleepEnd(loop.timeout()))
            return false
        case .asleep:
            ready.removeAll(keepingCapacity: true)
            if loop.wantsEvents { try kernel.wait(timeout: nil, into: &ready) }
            time.turnStart = time.now
            loop.turn(ready)
            turnCount += 1
            try checkHeld()
            state = .turned
            return true
        }
    }

    /// What the loop may hold for its clients.
    var clientByteLimit: Int {
        get { loop.clientByteLimit }
        set { loop.clientByteLimit = newValue }
    }

    /// The account of what is held for clients is what they hold.
    private func checkHeld() throws {
        let (asked, counted) = loop.heldByteCounts
        if asked != counted {
            throw SimulationFailure("a loop's account says \(counted) bytes, its connections hold \(asked)")
        }
    }

    /// A poller's clock ticks in milliseconds: it wakes a little late rather than a little early.
    private func sleepEnd(_ timeout: Duration?) -> Instant {
        guard let timeout else { return .never }
        let milliseconds = (timeout.nanoseconds + 999_999) / 1_000_000
        return time.now + .milliseconds(Int64(milliseconds))
    }
}
