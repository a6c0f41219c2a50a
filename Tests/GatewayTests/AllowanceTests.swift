import Primitives
import Testing

@testable import Gateway

@Suite struct AllowanceTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func withoutALimitEverythingIsTaken() {
        var rate = Allowance()
        #expect(rate.admit(.max, at: start, RateLimit(rate: 0, burst: 1)) == nil)
        #expect(rate.admit(1_000_000, at: start, RateLimit(rate: 0, burst: 1)) == nil)
    }

    @Test func overTheBurstItSaysHowLongToWait() {
        var rate = Allowance()
        for _ in 0..<21 { #expect(rate.admit(1, at: start, RateLimit(rate: 10, burst: 20)) == nil) }
        #expect(rate.admit(1, at: start, RateLimit(rate: 10, burst: 20)) == .milliseconds(100))
        #expect(rate.admit(1, at: start + .milliseconds(100), RateLimit(rate: 10, burst: 20)) == nil)
        #expect(rate.admit(1, at: start + .milliseconds(100), RateLimit(rate: 10, burst: 20)) != nil)
    }

    @Test func aBatchOfAnySizeIsTakenWholeAndPaidForAfterwards() {
        var rate = Allowance()
        #expect(rate.admit(1000, at: start, RateLimit(rate: 100, burst: 10)) == nil)
        #expect(rate.admit(1, at: start, RateLimit(rate: 100, burst: 10)) == .milliseconds(9900))
        #expect(rate.admit(1, at: start + .milliseconds(9900), RateLimit(rate: 100, burst: 10)) == nil)
    }

    @Test func quietTimeIsNotSavedUp() {
        var rate = Allowance()
        #expect(rate.admit(1, at: start, RateLimit(rate: 1, burst: 1)) == nil)
        let later = start + .seconds(3600)
        #expect(rate.admit(2, at: later, RateLimit(rate: 1, burst: 1)) == nil)
        #expect(rate.admit(1, at: later, RateLimit(rate: 1, burst: 1)) == .seconds(1))
    }

    @Test func tinyRatesDoNotOverflow() {
        var rate = Allowance()
        #expect(rate.admit(1_000_000, at: start, RateLimit(rate: 1e-9, burst: 1_000_000)) == nil)
    }
}
