import Primitives
import Testing

@testable import Gateway

@Suite struct NoticeThrottleTests {
    @Test func oneOfAKindASecondAndTheNextSaysHowManyWereLeftOut() {
        var throttle = NoticeThrottle()
        let start = Instant(nanoseconds: 0)
        #expect(throttle.admit(.limit, at: start) == 0)
        for step in 1...5 { #expect(throttle.admit(.limit, at: start + .milliseconds(step * 100)) == nil) }
        #expect(throttle.admit(.gap, at: start + .milliseconds(500)) == 0)
        #expect(throttle.admit(.limit, at: start + .seconds(1)) == 5)
        #expect(throttle.admit(.limit, at: start + .seconds(2)) == 0)
    }
}
