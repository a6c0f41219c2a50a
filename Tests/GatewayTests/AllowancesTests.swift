import Primitives
import Testing

@testable import Gateway

/// Who goes too fast waits; nobody else does.
@Suite struct AllowancesTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func limit(_ rate: Double, _ burst: Int) -> RateLimit { RateLimit(rate: rate, burst: burst) }

    private func failures(_ aMinute: Double) -> RateLimit {
        var access = AccessSettings()
        access.failureRate = aMinute
        return access.failureLimit
    }

    @Test func countsEachClaimantByItself() {
        let allowances = Allowances()
        let (first, second) = (Claimant(address: [10, 0, 0, 1]), Claimant(address: [10, 0, 0, 2]))
        for _ in 0..<5 { _ = allowances.admit(for: first, at: start, failures(2)) }
        #expect(allowances.wait(for: first, at: start, failures(2)) == .seconds(30))
        #expect(allowances.wait(for: second, at: start, failures(2)) == nil)
        #expect(allowances.wait(for: .principal("ann"), at: start, failures(2)) == nil)
        #expect(allowances.wait(for: first, at: start + .seconds(30), failures(2)) == nil)
    }

    /// What is refused is not counted: who goes on trying is let in as soon as who waits.
    @Test func whatIsRefusedIsNotPaidFor() {
        let allowances = Allowances()
        let claimant = Claimant.principal("ann")
        for _ in 0..<3 { #expect(allowances.admit(for: claimant, at: start, limit(1, 2)) == nil) }
        for _ in 0..<100 {
            #expect(allowances.admit(for: claimant, at: start, limit(1, 2)) == .seconds(1))
        }
        #expect(allowances.admit(for: claimant, at: start + .seconds(1), limit(1, 2)) == nil)
    }

    /// Whoever has one address of IPv6 has all of its network.
    @Test func countsANetworkOfIPv6AsOne() {
        let allowances = Allowances()
        let network: [UInt8] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 1]
        let own = Claimant(address: network + [0, 0, 0, 0, 0, 0, 0, 1])
        _ = allowances.admit(for: own, at: start, failures(1))
        let neighbour = Claimant(address: network + [9, 9, 9, 9, 9, 9, 9, 9])
        #expect(allowances.wait(for: neighbour, at: start, failures(1)) != nil)
        let other = Claimant(address: Array(network.dropLast()) + [2] + [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(allowances.wait(for: other, at: start, failures(1)) == nil)
    }

    @Test func remembersSoManyClaimants() {
        let allowances = Allowances()
        let first = Claimant(address: [1, 1, 1, 1])
        _ = allowances.admit(for: first, at: start, failures(1))
        var last = first
        for number in 0..<40 * Allowances.claimantLimit
        where allowances.wait(for: first, at: start, failures(1)) != nil {
            last = .principal("\(number)")
            _ = allowances.admit(for: last, at: start, failures(1))
        }
        #expect(allowances.wait(for: first, at: start, failures(1)) == nil)
        #expect(allowances.wait(for: last, at: start, failures(1)) != nil)
    }

    @Test func isSwitchedOffByZero() {
        let allowances = Allowances()
        let claimant = Claimant(address: [1, 1, 1, 1])
        for _ in 0..<100 { #expect(allowances.admit(for: claimant, at: start, failures(0)) == nil) }
        #expect(allowances.isUntouched && allowances.wait(for: claimant, at: start, failures(0)) == nil)
    }
}
