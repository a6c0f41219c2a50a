import Primitives
import Testing

@testable import Gateway

@Suite struct FlushDelayTests {
    @Test func nothingWaitsWhileSendingIsCheap() {
        var delay = FlushDelay(longest: .milliseconds(10))
        #expect(delay.interval.nanoseconds == 0)
        for _ in 0..<1000 { delay.count(flushing: .milliseconds(2), of: .milliseconds(10)) }
        #expect(delay.interval.nanoseconds == 0)
        for _ in 0..<1000 { delay.count(flushing: .milliseconds(35), of: .milliseconds(100)) }
        #expect((4_900_000...5_100_000).contains(delay.interval.nanoseconds))
    }

    @Test func nearlyHalfOfTheTimeMakesTheLongestWait() {
        var delay = FlushDelay(longest: .milliseconds(10))
        for _ in 0..<1000 { delay.count(flushing: .milliseconds(3), of: .milliseconds(6)) }
        #expect(delay.interval.nanoseconds == 10_000_000)
        for _ in 0..<1000 { delay.count(flushing: .milliseconds(6), of: .milliseconds(6)) }
        #expect(delay.interval.nanoseconds == 10_000_000)
    }

    @Test func oneLongQuietSpellForgetsAll() {
        var delay = FlushDelay(longest: .milliseconds(10))
        for _ in 0..<100 { delay.count(flushing: .milliseconds(6), of: .milliseconds(6)) }
        delay.count(flushing: .microseconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }

    @Test func withoutAWaitThereIsNone() {
        var delay = FlushDelay(longest: .zero)
        delay.count(flushing: .seconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }
}
