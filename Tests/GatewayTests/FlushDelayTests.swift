import Primitives
import Testing

@testable import Gateway

@Suite struct FlushDelayTests {
    /// The wait of a loop that is busy for so many thousandths of a second, a second long; it may have waited before.
    private func wait(busy: [Int64], from delay: FlushDelay = FlushDelay(longest: .milliseconds(10)))
        -> UInt64
    {
        var delay = delay
        for _ in 0..<1000 / busy.count {
            for share in busy { delay.count(busy: .microseconds(share), of: .milliseconds(1)) }
        }
        return delay.interval.nanoseconds
    }

    @Test(arguments: [0, 300, 700, 749, 840]) func nothingWaitsWhileTheLoopHasTime(share: Int64) {
        #expect(wait(busy: [share]) == 0)
    }

    @Test(arguments: [900, 1000]) func aLoopWithoutTimeMakesTheLongestWait(share: Int64) {
        #expect(wait(busy: [share]) == 10_000_000)
    }

    /// What the waits spare is given back as far as it is not needed.
    @Test func theWaitIsTheShortestThatLeavesTheLoopSomeTime() {
        var delay = FlushDelay(longest: .milliseconds(10))
        var waits: [UInt64] = []
        // Without a wait it would need all of its time and more; the longest wait spares half.
        for _ in 0..<5000 {
            let part = Double(delay.interval.nanoseconds) / 10e6
            delay.count(busy: .nanoseconds(Int64(1e6 * min(1.1 - 0.5 * part, 1))), of: .milliseconds(1))
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
        for _ in 0..<100 { delay.count(busy: .milliseconds(6), of: .milliseconds(6)) }
        #expect(delay.interval.nanoseconds == 10_000_000)
        delay.count(busy: .microseconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }

    @Test func withoutAWaitThereIsNone() {
        var delay = FlushDelay(longest: .zero)
        delay.count(busy: .seconds(1), of: .seconds(1))
        #expect(delay.interval.nanoseconds == 0)
    }
}
