import Primitives
import Testing

@testable import Gateway

/// Who has shown wrong credentials waits; nobody else does.
@Suite struct FailureThrottleTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test func countsEachAddressByItself() {
        var throttle = FailureThrottle(failures: 2)
        for _ in 0..<5 { throttle.count([10, 0, 0, 1], at: start) }
        #expect(throttle.wait(for: [10, 0, 0, 1], at: start) == .seconds(30))
        #expect(throttle.wait(for: [10, 0, 0, 2], at: start) == nil)
        #expect(throttle.wait(for: [10, 0, 0, 1], at: start + .seconds(30)) == nil)
    }

    /// Whoever has one address of IPv6 has all of its network.
    @Test func countsANetworkOfIPv6AsOne() {
        var throttle = FailureThrottle(failures: 1)
        let network: [UInt8] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 1]
        throttle.count(network + [0, 0, 0, 0, 0, 0, 0, 1], at: start)
        #expect(throttle.wait(for: network + [9, 9, 9, 9, 9, 9, 9, 9], at: start) != nil)
        #expect(
            throttle.wait(for: Array(network.dropLast()) + [2] + [0, 0, 0, 0, 0, 0, 0, 1], at: start) == nil)
    }

    @Test func remembersSoManyAddresses() {
        var throttle = FailureThrottle(failures: 1)
        throttle.count([1, 1, 1, 1], at: start)
        for number in 0..<4096 {
            throttle.count([2, 2, UInt8(number >> 8), UInt8(number & 0xFF)], at: start)
        }
        #expect(throttle.wait(for: [1, 1, 1, 1], at: start) == nil)
        #expect(throttle.wait(for: [2, 2, 0, 0], at: start) != nil)
    }

    @Test func isSwitchedOffByZero() {
        var throttle = FailureThrottle(failures: 0)
        for _ in 0..<100 { throttle.count([1, 1, 1, 1], at: start) }
        #expect(throttle.isEmpty && throttle.wait(for: [1, 1, 1, 1], at: start) == nil)
    }
}
