import Primitives
import Testing

@testable import Gateway

@Suite struct PaceTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func withoutALimitNothingEverWaits() {
        var pace = Pace(maximumRate: nil)
        pace.flushed(at: start)
        #expect(!pace.isLimited && pace.due < start)
    }

    @Test func theFirstGoesAtOnceAndTheNextAfterTheInterval() {
        var pace = Pace(maximumRate: 4)
        #expect(pace.isLimited && pace.due < start)
        pace.flushed(at: start)
        #expect(pace.due == start + .milliseconds(250))
    }

    @Test func aNewRateCountsFromWhatWasSentLast() {
        var pace = Pace(maximumRate: 1)
        pace.flushed(at: start)
        pace.change(maximumRate: 10, now: start + .milliseconds(50))
        #expect(pace.due == start + .milliseconds(100))
        // Nobody gains by asking again and again.
        pace.change(maximumRate: 10, now: start + .milliseconds(60))
        #expect(pace.due == start + .milliseconds(100))
        pace.change(maximumRate: 0.5, now: start + .milliseconds(60))
        #expect(pace.due == start + .seconds(2))
    }

    @Test func aLimitMayBeLiftedAndSetAgain() {
        var pace = Pace(maximumRate: 1)
        pace.flushed(at: start)
        pace.change(maximumRate: nil, now: start)
        #expect(!pace.isLimited && pace.maximumRate == nil && pace.due < start)
        pace.change(maximumRate: 1, now: start + .seconds(9))
        #expect(pace.due == start + .seconds(9))
    }

    @Test(arguments: [1e-300, 1e-9, 2.3e-308]) func aRateNextToNothingWaitsForAgesAndDoesNotOverflow(
        rate: Double
    ) {
        var pace = Pace(maximumRate: rate)
        pace.flushed(at: start)
        #expect(pace.due > start + .seconds(1_000_000_000 - 10))
    }

    @Test func aRateBeyondNanosecondsIsALimitStill() {
        var pace = Pace(maximumRate: 1e300)
        pace.flushed(at: start)
        #expect(pace.isLimited && pace.due == start + .nanoseconds(1))
    }
}
