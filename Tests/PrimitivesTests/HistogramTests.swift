import Primitives
import Testing

@Suite struct HistogramTests {
    private func histogram(of values: [Int]) -> Histogram {
        let histogram = Histogram()
        for value in values { histogram.record(value) }
        return histogram
    }

    @Test(arguments: [
        (0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1 << 26, 26), (1 << 26 + 1, 27), (Int.max, 27),
    ]) func aValueFallsIntoTheBucketWhoseBoundItDoesNotExceed(value: Int, bucket: Int) {
        let reading = histogram(of: [value]).reading
        #expect(reading.counts[bucket] == 1)
        #expect(reading.count == 1)
    }

    @Test func theSumIsThatOfAllValues() {
        #expect(histogram(of: [1, 2, 700, 0]).reading.sum == 703)
    }

    @Test func quantilesLieWithinTheBucketOfTheirValue() throws {
        let reading = histogram(of: Array(1...1000)).reading
        for share in [0.01, 0.5, 0.9, 0.99] {
            let quantile = try #require(reading.quantile(share))
            #expect(quantile >= 1000 * share / 2 && quantile <= 1000 * share * 2)
        }
        #expect(reading.quantile(1) == 1024)
        #expect(Histogram.Reading().quantile(0.5) == nil)
        #expect(histogram(of: [.max]).reading.quantile(0.5) == Double(1 << 26))
    }

    @Test func readingsAddUpAndSayWhatCameSince() {
        let histogram = histogram(of: [3, 4])
        let before = histogram.reading
        histogram.record(100)
        #expect((histogram.reading - before).count == 1)
        #expect((histogram.reading - before).sum == 100)
        #expect(before + (histogram.reading - before) == histogram.reading)
    }

    @Test func timesAreCountedInMicroseconds() {
        let histogram = Histogram()
        histogram.record(from: Instant(nanoseconds: 5000), to: Instant(nanoseconds: 8_999))
        histogram.record(from: Instant(nanoseconds: 5000), to: Instant(nanoseconds: 1))
        #expect(histogram.reading.sum == 3)
    }
}
