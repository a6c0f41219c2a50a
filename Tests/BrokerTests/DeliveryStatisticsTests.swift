import Primitives
import Testing

/// How long a reader waited, and how old what it got was, by a clock in the test's hand.
@testable import Broker

@Suite struct DeliveryStatisticsTests {
    @Test func theWaitIsThatOfTheFirstChangeAndTheAgeThatOfTheLast() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a", "b"])
        try bench.publish("a", "1", time: 10)
        bench.replica.follow()
        try bench.publish("a", "2", time: 17)
        bench.replica.follow()
        #expect(bench.drain(id, at: 20).count == 1)
        #expect(bench.replica.statistics.wait.reading.sum == 10_000)
        #expect(bench.replica.statistics.age.reading.sum == 3_000)
    }

    @Test func aSnapshotSaysNothingOfTheWayHere() throws {
        let bench = Bench()
        try bench.publish("a", "1", time: 10)
        bench.replica.follow()
        let id = try bench.reader(of: ["a"])
        #expect(bench.drain(id).count == 1)
        #expect(bench.replica.statistics.age.reading.count == 0)
        #expect(bench.replica.statistics.wait.reading.count == 0)
    }

    @Test func eachUpdateOfALogHasItsOwnAge() throws {
        let bench = try Bench(logging: 10)
        let id = try bench.reader(of: ["log/a"])
        for time in [10, 14, 18] as [UInt64] { try bench.publish("log/a", "1", time: time) }
        bench.replica.follow()
        #expect(bench.drain(id, at: 20).count == 3)
        #expect(bench.replica.statistics.age.reading.sum == 18_000)
        #expect(bench.replica.delivered(to: id) == 3)
    }

    @Test func whatIsLeftWaitsAnewFromTheDrainThatLeftIt() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a", "b"])
        try bench.publish([("a", "1"), ("b", "1")], time: 10)
        bench.replica.follow()
        #expect(bench.drain(id, budget: 1, at: 20).count == 1)
        #expect(bench.drain(id, budget: 1, at: 21).count == 1)
        #expect(bench.replica.statistics.wait.reading.sum == 11_000)
    }

    @Test func aPollThatWaitedIsCounted() throws {
        let bench = Bench()
        try bench.publish("a", "1", time: 1)
        bench.replica.follow()
        let id = try bench.reader(of: ["a"], after: bench.replica.sequence)
        try bench.publish("a", "2", time: 5)
        bench.replica.follow()
        bench.batch.removeAll()
        let now = Instant(nanoseconds: 8_000_000)
        bench.replica.countWait(of: id, until: now)
        let query = bench.replica.beginPoll(of: [try TopicPattern("a")], after: 1, byteBudget: 1000)
        bench.replica.answer(query, at: now, into: &bench.batch)
        #expect(bench.batch.entries.count == 1)
        #expect(bench.replica.statistics.wait.reading.sum == 3_000)
        #expect(bench.replica.statistics.age.reading.sum == 3_000)
    }
}
