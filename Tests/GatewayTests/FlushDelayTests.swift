import Primitives
import Testing

@testable import Gateway

@Suite struct FlushDelayTests {
    /// The wait of a loop that is busy for so many thousandths of its time, for a second. `part` of that goes into flushes.
    private func wait(busy: [Int64], flushing part: Double = 1) -> UInt64 {
        var delay = FlushDelay(longest: .milliseconds(10))
        for _ in 0..<1000 / busy.count {
            for share in busy {
                let busy = Duration.microseconds(share)
                delay.count(flushing: busy * part, busy: busy, of: .milliseconds(1))
            }
        }
        return delay.interval.nanoseconds
    }

    @Test(arguments: [0, 300, 700, 749, 840]) func nothingWaitsWhileTheLoopHasTime(share: Int64) {
        #expect(wait(busy: [share]) == 0)
    }

    @Test(arguments: [900, 1000]) func aLoopWithoutTimeMakesTheLongestWait(share: Int64) {
        #expect(wait(busy: [share]) == 10_000_000)
    }

    /// Where others take the time, waits spare none.
    @Test func aLoopThatIsBusyWithOtherThingsWaitsForNobody() {
        #expect(wait(busy: [1000], flushing: 0.25) == 0)
        #expect((4_900_000...5_100_000).contains(wait(busy: [1000], flushing: 0.35)))
        #expect(wait(busy: [1000], flushing: 0.5) == 10_000_000)
    }

    /// What the waits spare is given back as far as it is not needed.
    @Test func theWaitIsTheShortestThatLeavesTheLoopSomeTime() {
        var delay = FlushDelay(longest: .milliseconds(10))
        var waits: [UInt64] = []
        // Without a wait it would need all of its time and more; the longest wait spares half.
        for _ in 0..<5000 {
            let part = Double(delay.interval.nanoseconds) / 10e6
            let busy = Duration.nanoseconds(Int64(1e6 * min(1.1 - 0.5 * part, 1)))
            delay.count(flushing: busy, busy: busy, of: .milliseconds(1))
            waits.append(delay.interval.nanoseconds)
        }
        let settled = waits.suffix(2000)
        #expect(settled.allSatisfy { (4_900_000...7_100_000).contains($0) })
        #expect((settled.max() ?? 0) - (settled.min() ?? 0) < 500_000)
    }

    @Test func shortSpellsAndLongOnesWeighByTheirTime() {
        #expect(wait(busy: [1000, 400]) == 0)
        #expect(wait(busy: [1000, 1000, 1000, 700]) == 10_000_000)
    }

    @Test func oneLongQuietSpellForgetsAll() {
        var delay = FlushDelay(longest: .milliseconds(10))
        for _ in 0..<100 {
            delay.count(flushing: .milliseconds(6), busy: .milliseconds(6), of: .milliseconds(6))
        }
        #expect(delay.interval.nanoseconds == 10_000_000)
        delay.count(flushing: .microseconds(1), busy: .microseconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }

    @Test func withoutAWaitThereIsNone() {
        var delay = FlushDelay(longest: .zero)
        delay.count(flushing: .seconds(1), busy: .seconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }
}
