import Primitives
import Testing

@testable import Gateway

@Suite struct PublishRateTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    @Test func withoutALimitEverythingIsTaken() {
        var rate = PublishRate()
        #expect(rate.admit(.max, at: start, rate: 0, burst: 1) == nil)
        #expect(rate.admit(1_000_000, at: start, rate: 0, burst: 1) == nil)
    }

    @Test func overTheBurstItSaysHowLongToWait() {
        var rate = PublishRate()
        for _ in 0..<21 { #expect(rate.admit(1, at: start, rate: 10, burst: 20) == nil) }
        #expect(rate.admit(1, at: start, rate: 10, burst: 20) == .milliseconds(100))
        #expect(rate.admit(1, at: start + .milliseconds(100), rate: 10, burst: 20) == nil)
        #expect(rate.admit(1, at: start + .milliseconds(100), rate: 10, burst: 20) != nil)
    }

    @Test func aBatchOfAnySizeIsTakenWholeAndPaidForAfterwards() {
        var rate = PublishRate()
        #expect(rate.admit(1000, at: start, rate: 100, burst: 10) == nil)
        #expect(rate.admit(1, at: start, rate: 100, burst: 10) == .milliseconds(9900))
        #expect(rate.admit(1, at: start + .milliseconds(9900), rate: 100, burst: 10) == nil)
    }

    @Test func quietTimeIsNotSavedUp() {
        var rate = PublishRate()
        #expect(rate.admit(1, at: start, rate: 1, burst: 1) == nil)
        let later = start + .seconds(3600)
        #expect(rate.admit(2, at: later, rate: 1, burst: 1) == nil)
        #expect(rate.admit(1, at: later, rate: 1, burst: 1) == .seconds(1))
    }

    @Test func tinyRatesDoNotOverflow() {
        var rate = PublishRate()
        #expect(rate.admit(1_000_000, at: start, rate: 1e-9, burst: 1_000_000) == nil)
    }
}
