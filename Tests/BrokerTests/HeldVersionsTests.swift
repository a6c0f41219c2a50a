import Primitives
import Testing

/// What a batch says of each update: its topic, its version, and what the reader held of it.
@testable import Broker

@Suite struct HeldVersionsTests {
    private func held(_ bench: Bench) -> [Batch.Held] { bench.batch.entries.map(\.held) }

    private func remembering(_ bench: Bench, _ patterns: [String]) throws -> SubscriberID {
        let id = bench.replica.addSubscriber(
            owner: ReaderKey(connection: 0, generation: 0), remembersHeld: true)
        try bench.subscribe(id, patterns)
        return id
    }

    @Test func saysWhatTheReaderWasSentBefore() throws {
        let bench = Bench()
        let id = try remembering(bench, ["a", "b"])
        try bench.publish([("a", "1"), ("b", "1"), ("a", "2")])
        bench.replica.follow()
        _ = bench.drain(id)
        #expect(bench.batch.entries.map(\.version) == [2, 1] && held(bench) == [.nothing, .nothing])
        try bench.publish([("a", "3"), ("a", "4"), ("b", nil)])
        bench.replica.follow()
        _ = bench.drain(id)
        #expect(bench.batch.entries.map(\.version) == [4, 2] && held(bench) == [.version(2), .version(1)])
    }

    @Test func nobodyElsePaysForIt() throws {
        let bench = try Bench(logging: 3)
        let id = try bench.reader(of: ["a", "log/a"])
        for _ in 0..<2 {
            try bench.publish([("a", "1"), ("log/a", "1")])
            bench.replica.follow()
            #expect(bench.drain(id).count == 2 && held(bench) == [.unknown, .unknown])
        }
        _ = try bench.poll(["a"], after: nil)
        #expect(held(bench) == [.unknown])
    }

    @Test func eachUpdateOfALogFollowsTheOneBefore() throws {
        let bench = try Bench(logging: 3)
        let id = try remembering(bench, ["log/a"])
        for _ in 0..<2 { try bench.publish("log/a", "1") }
        bench.replica.follow()
        _ = bench.drain(id)
        #expect(held(bench) == [.nothing, .version(1)])
        for _ in 0..<5 { try bench.publish("log/a", "1") }
        bench.replica.follow()
        _ = bench.drain(id)
        #expect(bench.batch.entries.map(\.version) == [5, 6, 7])
        #expect(held(bench) == [.version(2), .version(5), .version(6)])
    }

    @Test func whoAsksLaterStartsWithNothing() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a"])
        for step in 0..<3 {
            try bench.publish("a", "1")
            bench.replica.follow()
            _ = bench.drain(id)
            #expect(held(bench) == [[.unknown], [.nothing], [.version(2)]][step])
            if step == 0 { bench.replica.rememberHeld(of: id) }
        }
    }

    /// A slot is used again: what was held of its last topic says nothing of the next one.
    @Test func aTopicThatIsDroppedIsHeldNoMore() throws {
        let bench = Bench()
        let id = try remembering(bench, ["a"])
        try bench.publish([("a", "1"), ("b", "1"), ("b", "2")])
        bench.replica.follow()
        _ = bench.drain(id)
        try bench.unsubscribe(id, ["a"])
        try bench.subscribe(id, ["b"])
        _ = bench.drain(id)
        #expect(held(bench) == [.nothing] && bench.batch.entries[0].version == 2)
    }

    /// Chance against a dictionary of what was sent.
    @Test(arguments: 1...10 as ClosedRange<UInt64>) func agreesWithWhatWasSent(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        let sequencer = Sequencer(epoch: Epoch("e"), retention: history.retention)
        let replica = BrokerReplica(inbox: sequencer.addInbox(wake: {}))
        let id = replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0), remembersHeld: true)
        let patterns = try ["a/*", "b/1", "log3/*", "**"].map { try TopicPattern($0) }
        var sent: [TopicID: UInt64] = [:]
        var batch = Batch()
        for step in 0..<300 {
            try history.publish(to: sequencer)
            if history.chance(50, &history.random) { replica.follow() }
            let chosen = patterns.randomElement(using: &history.random) ?? patterns[0]
            if history.chance(10, &history.random) {
                _ = replica.subscribe(id, to: [chosen], after: nil)
                replica.finish()
            }
            if history.chance(10, &history.random) {
                replica.unsubscribe(id, from: [chosen])
                replica.finish()
            }
            let covered = Set(replica.subscribers[id].coveredTopics.map { replica.topicID($0) })
            sent = sent.filter { covered.contains($0.key) }
            batch.removeAll()
            replica.drain(id, byteBudget: 300, into: &batch)
            for entry in batch.entries {
                let before = sent.updateValue(entry.version, forKey: entry.topic)
                let expected = before.map { Batch.Held.version($0) } ?? .nothing
                try #require(entry.held == expected, "seed \(seed) step \(step)")
                let name = try #require(replica.name(of: entry.topic)).text
                let line = String(decoding: entry.bytes, as: UTF8.self)
                try #require(
                    line.hasPrefix("{\"topic\":\"\(name)\",\"version\":\(entry.version),"), "seed \(seed)")
            }
        }
    }

    @Test func noTwoTopicsShareAnIdentity() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        var seen = Set<TopicID>()
        for round in 0..<20 {
            try bench.publish("t/\(round)", "1")
            bench.replica.follow()
            _ = try bench.poll(["**"], after: nil)
            let topic = bench.batch.entries[0].topic
            #expect(seen.insert(topic).inserted && topic.index == 0)
            #expect(bench.replica.name(of: topic)?.text == "t/\(round)")
            try bench.publish("t/\(round)", nil)
            bench.replica.follow()
            #expect(bench.replica.name(of: topic) == nil)
        }
    }
}
