import Primitives
import Testing

@testable import Gateway

@Suite struct FreedMemoryTests {
    /// The seconds, from one on, at which it is time, when so many megabytes are held second after second.
    private func times(holding megabytes: [Int]) -> [Int] {
        var freed = FreedMemory()
        return megabytes.indices.filter { second in
            freed.isTime(
                Instant(nanoseconds: UInt64(second) * 1_000_000_000), holding: megabytes[second] << 20)
        }
    }

    @Test func whatIsOnlyHeldIsLeftAlone() {
        #expect(times(holding: [10, 10, 12, 30, 30, 30, 30]) == [])
    }

    @Test func aLittleIsReturnedWhenItHasRested() {
        #expect(times(holding: [10, 9, 9, 9, 9, 9, 9, 9]) == [3])
    }

    @Test func muchIsReturnedInPortionsAndTheRestAfterThem() {
        // An eighth of 64 is 8, and no portion is below 4.
        #expect(times(holding: [64, 56, 52, 48, 44, 38, 38, 38, 38]) == [1, 3, 5, 7])
    }
}
