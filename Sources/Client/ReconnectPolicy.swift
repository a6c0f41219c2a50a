/// Decides when to connect again after a link ended. It neither waits nor connects.
package import Primitives

package struct ReconnectPolicy: Sendable {
    /// How a link ended, as far as the next attempt depends on it.
    package enum Ending: Sendable, Equatable {
        /// It broke, fell silent or was never made.
        case dropped
        /// The gateway asks for a pause, which it has already jittered; nil: it named none.
        case goodbye(Duration?)
        case closed(code: UInt16?)
        case refused(status: Int, retryAfter: Duration?)
        /// There is no reason to come back.
        case finished
    }

    /// The first delay of a back-off; a stream's `retry:` replaces it.
    package static let initialDelay = Duration.seconds(1)
    package static let maximumDelay = Duration.seconds(30)
    /// Where a person looks on.
    package static let watchedDelay = Duration.seconds(5)
    /// The longest pause that a gateway may ask for: a wrong figure would otherwise go unnoticed.
    package static let maximumHint = Duration.seconds(300)
    /// The shortest: a gateway that keeps asking for "at once" is not taken literally.
    package static let minimumHint = Duration.milliseconds(100)
    /// The first retry after an isolated drop comes within this time. It is spread, so that a thousand clients of
    /// one broken node do not arrive together.
    package static let immediateDelay = Duration.milliseconds(100)
    /// A link that lived this long was sound, and a drop this long after the previous one is isolated.
    package static let steadyTime = Duration.seconds(5)

    private var generator: SeededGenerator
    /// The longest delay of a back-off.
    private let longestDelay: Duration
    private var baseDelay = initialDelay
    private var failures = 0
    private var connectedAt: Instant?
    private var lastImmediateAt: Instant?

    package init(generator: SeededGenerator, longestDelay: Duration = maximumDelay) {
        self.generator = generator
        self.longestDelay = longestDelay
    }

    /// A link was made and accepted.
    package mutating func connected(now: Instant) {
        connectedAt = now
    }

    /// The gateway named the delay with which retries should begin.
    package mutating func hint(_ delay: Duration) {
        baseDelay = obeyed(delay)
    }

    /// How long to wait before the next attempt; nil: make none.
    package mutating func delay(after ending: Ending, now: Instant) -> Duration? {
        let lived = connectedAt.map { now.since($0) }
        connectedAt = nil
        if let lived, lived >= Self.steadyTime { failures = 0 }
        switch ending {
        case .finished: return nil
        case .closed(code: 1000), .closed(code: 1008): return nil
        // The gateway is overloaded: coming at once would make it worse.
        case .closed(code: 1013): return backOff()
        case .refused(let status, let retryAfter):
            if (400..<500).contains(status), status != 408, status != 429 { return nil }
            // Whole seconds, the same for everybody: they are spread here.
            return retryAfter.map { obeyed($0) * (1 + 0.25 * generator.unit()) } ?? backOff()
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

    /// The initial delay, doubled for each failure in a row up to the maximum, give or take a quarter.
    private mutating func backOff() -> Duration {
        let ceiling = max(longestDelay, baseDelay)
        let doubled = baseDelay * (1 << min(failures, 16))
        failures += 1
        return min(doubled, ceiling) * (0.75 + 0.5 * generator.unit())
    }
}

extension ReconnectPolicy.Ending {
    init(_ failure: ClientFailure) {
        switch failure {
        case .unreachable, .lost, .silence, .violation: self = .dropped
        case .refused(let problem):
            let retryAfter = problem.retryAfterSeconds.map { Duration.seconds(Int64(clamping: $0)) }
            self = .refused(status: problem.status, retryAfter: retryAfter)
        case .closed(let code, _): self = .closed(code: code)
        case .goodbye(_, let milliseconds):
            self = .goodbye(milliseconds.map { .milliseconds(Int64(clamping: $0)) })
        // What is not trusted now is not trusted in a second either.
        case .untrusted, .finished, .stopped: self = .finished
        }
    }
}
