import Primitives
import Testing

@testable import Gateway

@Suite struct MessageRateTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func expect(
        _ verdict: MessageRate.Verdict, _ messages: inout MessageRate, at now: Instant, rate: Double,
        burst: Int
    ) {
        let found = messages.count(at: now, rate: rate, burst: burst)
        #expect(found == verdict)
    }

    @Test func refusesWhatExceedsTheBurstAndEndsWhatGoesOn() {
        var rate = MessageRate()
        var verdicts: [MessageRate.Verdict] = []
        for _ in 0..<25 { verdicts.append(rate.count(at: start, rate: 100, burst: 10)) }
        #expect(verdicts[..<10].allSatisfy { $0 == .accepted })
        #expect(verdicts[10..<20].allSatisfy { $0 == .refused })
        #expect(verdicts[20...].allSatisfy { $0 == .excessive })
    }

    @Test func acceptsTheRateForEver() {
        var rate = MessageRate()
        for number in 0..<10_000 {
            let now = start + .milliseconds(10 * number)
            expect(.accepted, &rate, at: now, rate: 100, burst: 1)
        }
    }

    @Test func forgivesWithTime() {
        var rate = MessageRate()
        for _ in 0..<15 { _ = rate.count(at: start, rate: 100, burst: 10) }
        // 15 messages take 150 ms; after 60 of them the tenth before the end is due.
        expect(.refused, &rate, at: start + .milliseconds(50), rate: 100, burst: 10)
        expect(.accepted, &rate, at: start + .milliseconds(70), rate: 100, burst: 10)
        for _ in 0..<10 { expect(.accepted, &rate, at: start + .seconds(9), rate: 100, burst: 10) }
        expect(.refused, &rate, at: start + .seconds(9), rate: 100, burst: 10)
    }

    @Test func countsSlowerThanOneASecond() {
        var rate = MessageRate()
        expect(.accepted, &rate, at: start, rate: 0.5, burst: 1)
        expect(.refused, &rate, at: start + .seconds(1), rate: 0.5, burst: 1)
        expect(.accepted, &rate, at: start + .seconds(4), rate: 0.5, burst: 1)
    }

    @Test func knowsNoLimit() {
        var rate = MessageRate()
        for _ in 0..<10_000 { expect(.accepted, &rate, at: start, rate: 0, burst: 1) }
    }
}
