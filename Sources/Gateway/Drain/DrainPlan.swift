/// How a loop sends its readers away when the gateway drains.
internal import Primitives

package struct DrainSettings: Sendable {
    /// For so long nothing happens but that `/readyz` says 503: balancers are to notice first.
    package var settle: Duration = .zero
    /// The goodbyes are spread over so long at least, so that not all come back at once.
    package var spread: Duration = .seconds(3)
    /// A connection that is still there so long after the first goodbye is cut.
    package var deadline: Duration = .seconds(10)
    /// Readers of a gateway that is alone are told to come back after it has ended, within so long at least.
    package var reconnectSpread: Duration = .seconds(5)

    package init() {}
}

struct DrainPlan {
    /// From the moment when the last connection is cut until another process may listen in this one's place.
    static let succession = Duration.seconds(1)
    /// Who can go on elsewhere at once does so after a moment, in which the balancer hears of the connection's end.
    private static let leastMilliseconds = 100
    private static let leastReturnTime = Duration.milliseconds(400)

    /// Who is still there is cut.
    let end: Instant
    /// Goodbyes are said from the beginning on, for so long.
    let goodbyeTime: Duration
    /// Each reader is told a random moment within so long at which to come back.
    let returnTime: Duration
    /// The name of this node, where others of its cluster go on: readers are to come back at once, and not to this one. Nil: it is
    /// alone, and they have to wait until it has ended.
    let avoided: String?

    /// - Parameters:
    ///   - load: how long one loop works to take in the readers of one
    ///   - avoided: this node's name, where others go on
    init(_ settings: DrainSettings, load: Duration, avoided: String?, at now: Instant) {
        end = now + settings.deadline
        self.avoided = avoided
        guard avoided != nil else {
            goodbyeTime = settings.spread
            returnTime = max(settings.reconnectSpread, load)
            return
        }
        // Readers are better off here than waiting: so late goodbyes come before long waits, as far as the deadline lets them.
        goodbyeTime = max(settings.spread, min(load, settings.deadline * 4 / 5))
        returnTime = max(load - goodbyeTime, Self.leastReturnTime)
    }

    /// How many milliseconds whoever is sent away at the moment is told to wait.
    func reconnectDelay(at now: Instant, _ generator: inout some RandomNumberGenerator) -> Int {
        let least =
            avoided == nil ? (end.since(now) + Self.succession).inMilliseconds : Self.leastMilliseconds
        return least + Int.random(in: 0...max(returnTime.inMilliseconds, 1), using: &generator)
    }
}

extension Duration {
    var inMilliseconds: Int { Int(nanoseconds / 1_000_000) }
}
