import Primitives
import Testing

/// Who is flushed when, by a clock in the test's hand.
@testable import Broker

@Suite struct FlushOrderTests {
    private func taken(_ bench: Bench, at milliseconds: UInt64, limit: Int = 100) -> [SubscriberID] {
        bench.replica.takeReady(at: Instant(nanoseconds: milliseconds * 1_000_000), limit: limit)
    }

    @Test func aReaderThatWasQuietIsFlushedAtOnceAndOneThatWasNotWaits() throws {
        let bench = Bench()
        bench.replica.flushDelay = Interval(.milliseconds(10))
        let id = try bench.reader(of: ["a"])
        try bench.publish("a", "1", time: 100)
        bench.replica.follow()
        #expect(taken(bench, at: 100) == [id])
        #expect(bench.drain(id, at: 100).count == 1)
        // Sent something four milliseconds ago: it waits for ten from the change on.
        try bench.publish("a", "2", time: 104)
        bench.replica.follow()
        #expect(bench.replica.flushDue == Instant(nanoseconds: 114_000_000))
        #expect(taken(bench, at: 113).isEmpty)
        try bench.publish("a", "3", time: 113)
        bench.replica.follow()
        #expect(taken(bench, at: 114) == [id])
        #expect(bench.drain(id, at: 114).count == 1)
        #expect(bench.replica.flushDue == nil)
        // Quiet for longer than the wait.
        try bench.publish("a", "4", time: 125)
        bench.replica.follow()
        #expect(taken(bench, at: 125) == [id])
    }

    @Test func readersAreTakenInTheOrderInWhichTheyBeganToWait() throws {
        let bench = Bench()
        let readers = try (0..<6).map { try bench.reader(of: ["a/\($0)"]) }
        for number in 0..<6 { try bench.publish("a/\(number)", "1", time: 100) }
        bench.replica.follow()
        #expect(taken(bench, at: 100) == readers)
        for id in readers { _ = bench.drain(id, at: 100) }
        bench.replica.flushDelay = Interval(.milliseconds(10))
        for number in [3, 0, 5] { try bench.publish("a/\(number)", "2", time: 100 + UInt64(number)) }
        bench.replica.follow()
        #expect(taken(bench, at: 113) == [readers[3], readers[0]])
        #expect(taken(bench, at: 115) == [readers[5]])
    }

    @Test func whoIsDueFirstComesFirstAndOthersNextTime() throws {
        let bench = Bench()
        bench.replica.flushDelay = Interval(.milliseconds(10))
        let busy = try bench.reader(of: ["busy"])
        let quiet = try (0..<3).map { try bench.reader(of: ["quiet/\($0)"]) }
        try bench.publish("busy", "1", time: 100)
        bench.replica.follow()
        #expect(taken(bench, at: 100) == [busy])
        _ = bench.drain(busy, at: 100)
        try bench.publish("busy", "2", time: 101)
        try bench.publish([("quiet/0", "1"), ("quiet/1", "1")], time: 105)
        try bench.publish("quiet/2", "1", time: 112)
        bench.replica.follow()
        #expect(taken(bench, at: 112, limit: 1) == [quiet[0]])
        #expect(taken(bench, at: 112, limit: 2) == [quiet[1], busy])
        #expect(bench.replica.flushDue == Instant(nanoseconds: 112_000_000))
        #expect(taken(bench, at: 112) == [quiet[2]])
        #expect(bench.replica.flushDue == nil)
    }
}
