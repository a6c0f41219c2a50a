import Client
import Primitives
import Testing

struct ReconnectPolicyTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func policy(_ seed: UInt64 = 1) -> ReconnectPolicy {
        ReconnectPolicy(generator: SeededGenerator(seed: seed))
    }

    private func delay(
        of policy: inout ReconnectPolicy, after ending: ReconnectPolicy.Ending, now: Instant
    ) throws -> Duration {
        let delay = policy.delay(after: ending, now: now)
        return try #require(delay)
    }

    @Test func doublesFromOneSecondToThirty() throws {
        for seed: UInt64 in 0..<200 {
            var policy = policy(seed)
            for expected in [1.0, 2, 4, 8, 16, 30, 30, 30] {
                let delay = try delay(of: &policy, after: .dropped, now: start).inSeconds
                #expect(delay >= expected * 0.75 && delay <= expected * 1.25)
            }
        }
    }

    @Test func anIsolatedDropIsRetriedAtOnce() throws {
        var policy = policy()
        policy.connected(now: start)
        let first = try delay(of: &policy, after: .dropped, now: start + .seconds(5))
        #expect(first <= .milliseconds(100))
        // A drop that follows soon is not isolated.
        policy.connected(now: start + .seconds(6))
        let second = try delay(of: &policy, after: .dropped, now: start + .seconds(7))
        #expect(second >= .milliseconds(750))
        // After a sound link it is isolated again.
        policy.connected(now: start + .seconds(10))
        let third = try delay(of: &policy, after: .closed(code: 1011), now: start + .seconds(60))
        #expect(third <= .milliseconds(100))
    }

    @Test func hintsAreObeyed() throws {
        var policy = policy()
        policy.connected(now: start)
        let goodbye = ReconnectPolicy.Ending.goodbye(.milliseconds(1840))
        #expect(policy.delay(after: goodbye, now: start) == .milliseconds(1840))
        #expect(policy.delay(after: .goodbye(.zero), now: start) == ReconnectPolicy.minimumHint)
        #expect(policy.delay(after: .goodbye(.seconds(86400)), now: start) == ReconnectPolicy.maximumHint)
        let busy = ReconnectPolicy.Ending.refused(status: 429, retryAfter: .seconds(7))
        let spread = try delay(of: &policy, after: busy, now: start)
        #expect(spread >= .seconds(7) && spread <= .milliseconds(8750))
        policy.hint(.seconds(10))
        let delay = try delay(of: &policy, after: .dropped, now: start).inSeconds
        #expect(delay >= 7.5 && delay <= 12.5)
    }

    @Test func overloadIsNeverMetWithAnImmediateRetry() throws {
        var policy = policy()
        policy.connected(now: start)
        let delay = try delay(of: &policy, after: .closed(code: 1013), now: start + .seconds(90))
        #expect(delay >= .milliseconds(750))
    }

    @Test(arguments: [
        ReconnectPolicy.Ending.closed(code: 1000), .closed(code: 1008), .finished,
        .refused(status: 400, retryAfter: nil), .refused(status: 404, retryAfter: .seconds(1)),
        .refused(status: 413, retryAfter: nil),
    ])
    func staysAway(after ending: ReconnectPolicy.Ending) {
        var policy = policy()
        #expect(policy.delay(after: ending, now: start) == nil)
    }

    @Test(arguments: [
        ReconnectPolicy.Ending.closed(code: 1001), .closed(code: nil), .closed(code: 1011), .dropped,
        .refused(status: 408, retryAfter: nil), .refused(status: 503, retryAfter: nil), .goodbye(nil),
    ])
    func comesBack(after ending: ReconnectPolicy.Ending) {
        var policy = policy()
        #expect(policy.delay(after: ending, now: start) != nil)
    }
}
