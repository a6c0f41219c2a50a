import Primitives
import Synchronization
import Testing

/// One order for all loops, nothing taken of what is refused, and an inbox that nobody empties.
@testable import Broker

@Suite struct SequencerTests {
    @Test func allLoopsSeeOneOrderWithoutGaps() throws {
        let bench = Bench()
        let other = BrokerReplica(inbox: bench.sequencer.addInbox(wake: {}))
        var versions: [String: UInt64] = [:]
        for step in 0..<200 {
            let topic = "t/\(step % 7)"
            let version = try bench.publish(topic, "\(step)")
            #expect(version == versions[topic, default: 0] + 1)
            versions[topic] = version
        }
        bench.replica.follow()
        other.follow()
        #expect(bench.replica.sequence == 200 && other.sequence == 200)
        for topic in versions.keys {
            let text = other.latest(Array(topic.utf8).span).map { String(decoding: $0.line, as: UTF8.self) }
            #expect(text == bench.latest(topic))
        }
    }

    @Test func aRefusedBatchTakesNothing() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 2
        let bench = Bench(retention)
        try bench.publish("a", "1")
        #expect(throws: PublishFailure.self) { try bench.publish([("a", "2"), ("b", "1"), ("c", "1")]) }
        #expect(try bench.publish("a", "2") == 2)
        // Updates of one new topic, or ends of topics that are not there, are not many new topics.
        try bench.publish([("b", "1"), ("b", "2"), ("nobody", nil)])
        bench.replica.follow()
        #expect(bench.replica.sequence == 4 && bench.sequencer.topicCount == 2)
    }

    @Test func theTopicLimitHoldsAfterPurges() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 10
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        for round in 0..<10 { try bench.publish("old/\(round)", "1") }
        for round in 0..<10 { try bench.publish("old/\(round)", nil) }
        for round in 0..<10 { try bench.publish("new/\(round)", "1") }
        #expect(throws: PublishFailure.self) { try bench.publish("one/more", "1") }
    }

    @Test func aSleepingLoopIsWokenOnce() throws {
        let wakes = WakeCounter()
        let bench = Bench(wake: { wakes.count.add(1, ordering: .relaxed) })
        #expect(bench.inbox.sleep())
        try bench.publish("nobody", nil)
        #expect(wakes.count.load(ordering: .relaxed) == 0)
        for _ in 0..<3 { try bench.publish("a", "1") }
        #expect(wakes.count.load(ordering: .relaxed) == 1)
        #expect(!bench.inbox.sleep())
        bench.replica.follow()
        #expect(bench.inbox.sleep())
        try bench.publish("a", "1")
        #expect(wakes.count.load(ordering: .relaxed) == 2)
    }

    /// Its own publishes among them: each would write to the kernel, and end the loop's next wait for nothing.
    @Test func aBusyLoopIsNotWoken() throws {
        let wakes = WakeCounter()
        let bench = Bench(wake: { wakes.count.add(1, ordering: .relaxed) })
        for turn in 1...100 {
            #expect(bench.inbox.sleep())
            bench.replica.catchUp()
            for step in 0..<10 { try bench.publish("a", "\(turn * step)") }
            bench.replica.catchUp()
        }
        #expect(wakes.count.load(ordering: .relaxed) == 0)
    }

    @Test func aPurgeResetsOlderCursorsAndVersionsNeverFall() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 1
        let bench = Bench(retention)
        for _ in 0..<5 { try bench.publish("a", "1") }
        try bench.publish("a", nil)
        bench.replica.follow()
        #expect(bench.replica.honours(bench.replica.cursor(5)))
        try bench.publish([("b", "1"), ("b", nil)])
        bench.replica.follow()
        #expect(!bench.replica.honours(bench.replica.cursor(5)))
        #expect(bench.replica.honours(bench.replica.cursor(6)))
        #expect(try bench.publish("a", "1") == 7)
    }

    @Test func aTopicThatComesAndGoesPushesNoOtherOut() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 3
        let bench = Bench(retention)
        try bench.publish([("quiet", "1"), ("quiet", nil)])
        for _ in 0..<3000 { try bench.publish([("restless", "1"), ("restless", nil)]) }
        bench.replica.follow()
        #expect(bench.replica.honours(bench.replica.cursor(1)))
    }

    @Test func anInboxThatNobodyEmptiesLosesNoLastValue() throws {
        let bench = try Bench(logging: 3, tombstoneLimit: 10)
        let id = try bench.reader(of: ["**"])
        try bench.publish([("cold", "1"), ("cold", "2"), ("once", "1")])
        for step in 0..<4 { try bench.publish("log/cold", "\(step)") }
        for step in 0..<40_000 {
            try bench.publish([("hot", "\(step)"), ("log/hot", "\(step)")])
            if step % 4 == 0 { try bench.publish([("gone/\(step)", "1"), ("gone/\(step)", nil)]) }
        }
        let count = bench.replica.follow()
        #expect(count < 2 * Inbox.minimumCompactionCount)
        #expect(bench.latest("hot")?.hasSuffix("\"data\":39999}") == true)
        #expect(bench.latest("cold")?.hasSuffix("\"data\":2}") == true && bench.latest("once") != nil)
        let lines = bench.drain(id)
        let cold = lines.filter { $0.contains("log/cold") }.map { $0.suffix(2) }
        #expect(cold == ["1}", "2}", "3}"])
        let first = 40_000 - 3 + 1
        #expect(lines.filter { $0.contains("log/hot") }.count == 3)
        let gap = try #require(bench.batch.gaps.first { $0.topic.text == "log/hot" })
        #expect(gap.next == UInt64(first) && gap.missed == UInt64(first - 1))
        #expect(bench.batch.cursor == bench.replica.sequence && bench.replica.sequence == 100_007)
    }

    @Test func topicsThatCameAndWentUnseenDoNotFillAnInbox() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 5
        let bench = Bench(retention)
        for step in 0..<60_000 { try bench.publish([("gone/\(step)", "1"), ("gone/\(step)", nil)]) }
        #expect(bench.replica.follow() < Inbox.minimumCompactionCount + 100)
        #expect(bench.replica.purgedSequence == 2 * (60_000 - 5))
        #expect(bench.replica.sequence == 120_000)
    }
}

final class WakeCounter: Sendable {
    let count = Atomic<Int>(0)
}
