/// When to connect again after a link ended: decides, and neither waits nor connects.
package import Primitives

package struct ReconnectPolicy: Sendable {
    /// How a link ended, as far as coming back goes.
    package enum Ending: Sendable, Equatable {
        /// It broke, fell silent or was never made.
        case dropped
        /// The gateway asks to be left alone for a while, already jittered by itself; nil: it did not say.
        case goodbye(Duration?)
        case closed(code: UInt16?)
        case refused(status: Int, retryAfter: Duration?)
        /// There is nothing to come back for.
        case finished
    }

    /// What a back-off starts with; a stream's `retry:` replaces it.
    package static let initialDelay = Duration.seconds(1)
    package static let maximumDelay = Duration.seconds(30)
    /// What a gateway may ask for at most: it could be wrong, and nobody would notice.
    package static let maximumHint = Duration.seconds(300)
    /// And at least: a gateway that says "at once" again and again must not be obeyed to the letter.
    package static let minimumHint = Duration.milliseconds(100)
    /// The first retry after an isolated drop comes within this: spread, so that a thousand subscribers of one
    /// broken node do not come as one.
    package static let immediateDelay = Duration.milliseconds(100)
    /// A link that lived this long was a good one, and a drop this long after the last one is isolated.
    package static let steadyTime = Duration.seconds(30)

    private var generator: SeededGenerator
    private var baseDelay = initialDelay
    private var failures = 0
    private var connectedAt: Instant?
    private var lastImmediateAt: Instant?

    package init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// A link was made and answered.
    package mutating func connected(now: Instant) {
        connectedAt = now
    }

    /// The gateway named the delay that it wants retries to begin with.
    package mutating func hint(_ delay: Duration) {
        baseDelay = obeyed(delay)
    }

    /// How long to wait before the next attempt; nil: there must be none.
    package mutating func delay(after ending: Ending, now: Instant) -> Duration? {
        let lived = connectedAt.map { now.since($0) }
        connectedAt = nil
        if let lived, lived >= Self.steadyTime { failures = 0 }
        switch ending {
        case .finished: return nil
        case .closed(code: 1000), .closed(code: 1008): return nil
        // Overloaded: coming at once would make it worse.
        case .closed(code: 1013): return backOff()
        case .refused(let status, let retryAfter):
            if (400..<500).contains(status), status != 408, status != 429 { return nil }
            return retryAfter.map(obeyed) ?? backOff()
        case .goodbye(let stated): return stated.map(obeyed) ?? backOff()
        case .dropped, .closed:
            guard lived != nil, isIsolated(now) else { return backOff() }
            lastImmediateAt = now
            return Self.immediateDelay * generator.unit()
        }
    }

    private func isIsolated(_ now: Instant) -> Bool {
        guard let lastImmediateAt else { return failures == 0 }
        return failures == 0 && now.since(lastImmediateAt) >= Self.steadyTime
    }

    private func obeyed(_ stated: Duration) -> Duration {
        min(max(stated, Self.minimumHint), Self.maximumHint)
    }

    /// The base doubled with each failure in a row up to the maximum, give or take a quarter.
    private mutating func backOff() -> Duration {
        let ceiling = max(Self.maximumDelay, baseDelay)
        let doubled = baseDelay * (1 << min(failures, 16))
        failures += 1
        return min(doubled, ceiling) * (0.75 + 0.5 * generator.unit())
    }
}
