import Primitives
import Testing

/// Named cases of subscribing and draining: each was once wrong, or nearly was.
@testable import Broker

@Suite struct BrokerReplicaTests {
    @Test func aSlowReaderIsToldOfAnEndThatWasPurged() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        let id = try bench.reader(of: ["a/*"])
        try bench.publish("a/x", "1")
        bench.replica.follow()
        #expect(bench.drain(id).count == 1)
        try bench.publish("a/x", nil)
        bench.replica.follow()
        bench.replica.follow()
        #expect(bench.drain(id).first?.contains("\"deleted\":true") == true)
        bench.replica.follow()
        #expect(bench.replica.slotCount == 0 && bench.replica.topics.count == 0)
    }

    @Test func aLoopThatLagsHonoursTheCursorOfOneThatDoesNot() throws {
        let bench = Bench()
        let late = BrokerReplica(inbox: bench.sequencer.addInbox(wake: {}))
        try bench.publish("a", "1")
        bench.replica.follow()
        let id = late.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        let isResumed = late.subscribe(id, to: [try TopicPattern("a")], after: late.cursor(1))
        late.finish()
        #expect(isResumed && late.cursor(of: id) == 1)
    }

    @Test func aBusyLogDoesNotStarveOtherTopics() throws {
        let bench = try Bench(logging: 100)
        let id = try bench.reader(of: ["log/a", "quiet"])
        try bench.publish([("log/a", "1"), ("log/a", "1"), ("quiet", "1")])
        var isSeen = false
        for _ in 0..<3 {
            try bench.publish("log/a", "1")
            bench.replica.follow()
            isSeen = isSeen || bench.drain(id, budget: 1)[0].contains("quiet")
        }
        #expect(isSeen)
    }

    @Test func newTopicsDoNotKeepARoundFromEnding() throws {
        let bench = Bench()
        for number in 0..<5 { try bench.publish("t/\(number)", "1") }
        bench.replica.follow()
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        try bench.subscribe(id, ["**"])
        let live = bench.replica.sequence
        for number in 5..<15 {
            try bench.publish([("t/\(number)", "1"), ("t/0", "\(number)")])
            bench.replica.follow()
            _ = bench.drain(id, budget: 1)
        }
        #expect(bench.batch.cursor.map { $0 >= live } == true)
    }

    @Test func theLastMarkEndsARoundWhoeverTookIt() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a", "b", "c"])
        try bench.publish([("a", "1"), ("b", "1"), ("c", "1")])
        bench.replica.follow()
        _ = bench.drain(id, budget: 1)
        try bench.unsubscribe(id, ["b", "c"])
        #expect(bench.replica.cursor(of: id) == 3)
        try bench.publish("a", "2")
        bench.replica.follow()
        #expect(bench.drain(id, rounds: .one).count == 1)
        #expect(bench.batch.cursor == 4)
    }

    @Test func ofARoundOnlyTheRestGoesOnBeforeItsTime() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a", "b", "c"])
        try bench.publish([("a", "1"), ("b", "1"), ("c", "1")])
        bench.replica.follow()
        #expect(bench.drain(id, budget: 1, rounds: .one).count == 1)
        try bench.publish("a", "2")
        bench.replica.follow()
        #expect(bench.drain(id, budget: 1, rounds: .rest).count == 1)
        try bench.unsubscribe(id, ["c"])
        #expect(bench.drain(id, rounds: .rest) == [] && bench.replica.hasMarks(id) && !bench.batch.hasMore)
        #expect(bench.drain(id, rounds: .one).count == 1)
        #expect(bench.batch.cursor == 4)
    }

    @Test func subscribingInABacklogLowersTheFloor() throws {
        let bench = Bench()
        try bench.publish([("a", "1"), ("b", "1"), ("c", "1")])
        bench.replica.follow()
        let id = try bench.reader(of: ["c"], after: 2)
        #expect(bench.replica.cursor(of: id) == 2)
        try bench.subscribe(id, ["b"], after: 1)
        #expect(bench.replica.cursor(of: id) == 1)
        try bench.subscribe(id, ["a"])
        #expect(bench.replica.cursor(of: id) == nil)
        #expect(bench.drain(id).count == 3 && bench.batch.cursor == 3)
    }

    @Test func unsubscribingAPatternKeepsWhatElseCovers() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a/*", "a/x", "*/y"])
        try bench.publish([("a/x", "1"), ("a/y", "1"), ("a/z", "1")])
        bench.replica.follow()
        try bench.unsubscribe(id, ["a/*"])
        #expect(bench.drain(id).map { $0.prefix(14) } == [#"{"topic":"a/x""#, #"{"topic":"a/y""#])
        #expect(bench.replica.subscribers[id].coveredCount == 2)
    }

    @Test func aPollIsToldOfAGapOnce() throws {
        let bench = try Bench(logging: 2)
        try bench.publish("x", "1")
        for step in 0..<5 { try bench.publish([("y/\(step)", "1"), ("log/a", "1")]) }
        bench.replica.follow()
        var (cursor, gapCount) = (UInt64(1), 0)
        repeat {
            _ = try bench.poll(["**"], after: cursor, budget: 1)
            gapCount += bench.batch.gaps.count
            cursor = bench.batch.cursor ?? cursor
        } while bench.batch.hasMore
        #expect(gapCount == 1 && cursor == 11)
    }

    @Test func replacedUpdatesAreCounted() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["**"])
        var sent = 0
        for step in 0..<500 {
            try bench.publish("t/\(step % 5)", "1")
            if step % 7 == 0 { bench.replica.follow() }
            if step % 11 == 0 { sent += bench.drain(id, budget: 100).count }
        }
        bench.replica.follow()
        sent += bench.drain(id).count
        #expect(bench.replica.conflated(of: id) == UInt64(500 - sent))
    }
}
