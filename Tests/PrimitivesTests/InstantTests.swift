import Primitives
import Testing

struct InstantTests {
    @Test func adds() {
        let start = Instant(nanoseconds: 5)
        #expect((start + .seconds(2)).nanoseconds == 2_000_000_005)
        #expect(start + .seconds(-2) == start)
        #expect(Instant.never + .nanoseconds(1) == .never)
        #expect(start + .seconds(Int64.max) == .never)
    }

    @Test func measures() {
        let start = Instant(nanoseconds: 5)
        #expect((start + .milliseconds(3)).since(start) == .milliseconds(3))
        #expect(start.since(start + .milliseconds(3)) == .zero)
        #expect(Instant.never.since(start) == .nanoseconds(Int64.max))
        #expect(start < .never)
    }

    @Test func countsNanoseconds() {
        #expect(Duration.nanoseconds(7).nanoseconds == 7)
        #expect(Duration.nanoseconds(-7).nanoseconds == 0)
        #expect(Duration.seconds(18_446_744_073).nanoseconds == 18_446_744_073_000_000_000)
        #expect((Duration.seconds(18_446_744_073) + .nanoseconds(709_551_616)).nanoseconds == .max)
        #expect(Duration.seconds(Int64.max).nanoseconds == .max)
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
    }

    @Test func clocksGoForward() {
        let first = Instant.now()
        #expect(Instant.now() >= first)
        #expect(UnixTime.now() > UnixTime(milliseconds: 1_700_000_000_000))
    }
}
