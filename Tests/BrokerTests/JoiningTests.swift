import Foundation
import Primitives
import Synchronization
import Testing

/// Consumers that come late: each holds what one holds that was there from the beginning.
@testable import Broker

@Suite struct JoiningTests {
    private let epochs = [Epoch("e"), Epoch("f")]

    /// Loops that wait while a state is restored: they find nothing, and then what one finds that comes late.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func whoWaitsForARestoredStateHoldsAll(seed: UInt64) throws
    {
        var history = try RandomHistory(seed: seed)
        let sequencer = Sequencer(epoch: Epoch("e"), retention: history.retention)
        let wakes = Atomic<Int>(0)
        let inboxes = sequencer.holdInboxes([{ wakes.add(1, ordering: .relaxed) }, {}])
        let held = inboxes.map { BrokerReplica(inbox: $0) }
        for _ in 0..<60 { try history.publish(to: sequencer) }
        sequencer.begin(Epoch("f"))
        for replica in held { replica.follow() }
        #expect(held.allSatisfy { $0.topics.count == 0 && $0.sequence == 0 && $0.epoch == Epoch("e") })
        #expect(inboxes[0].sleep() && wakes.load(ordering: .relaxed) == 0)
        sequencer.releaseInboxes()
        #expect(wakes.load(ordering: .relaxed) == 1)
        for step in 0..<40 {
            if step > 0 { try history.publish(to: sequencer) }
            let late = BrokerReplica(inbox: sequencer.addInbox(wake: {}))
            for replica in held {
                replica.follow()
                try #require(difference(replica.told(), late.told()) == nil, "seed \(seed) step \(step)")
            }
        }
    }

    /// A loop that comes late, after any history and while the others lag or not.
    @Test(arguments: 1...12 as ClosedRange<UInt64>) func aLateReplicaHoldsTheSame(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        let sequencer = Sequencer(epoch: Epoch("e"), retention: history.retention)
        let first = BrokerReplica(inbox: sequencer.addInbox(wake: {}))
        var late: [BrokerReplica] = []
        for step in 0..<120 {
            try history.publish(to: sequencer)
            if step == 60 { sequencer.begin(Epoch("f")) }
            if history.chance(30, &history.random) { first.follow() }
            if history.chance(6, &history.random) {
                late.append(BrokerReplica(inbox: sequencer.addInbox(wake: {})))
            }
            for replica in late where history.chance(30, &history.random) { replica.follow() }
            guard history.chance(10, &history.random) else { continue }
            first.follow()
            for replica in late { replica.follow() }
            for replica in late {
                try #require(difference(replica.told(), first.told()) == nil, "seed \(seed) step \(step)")
            }
        }
        late = late.suffix(1) + [BrokerReplica(inbox: sequencer.addInbox(wake: {}))]
        first.follow()
        let answers = try first.answers(epochs)
        for replica in late {
            replica.follow()
            #expect(difference(try replica.answers(epochs), answers) == nil, "seed \(seed)")
            #expect(replica.topics.count == first.topics.count, "seed \(seed)")
        }
    }

    /// Updates go on on another thread while consumers join: each log shows whether one is missing or comes twice.
    @Test func nothingIsMissingWhereTheBeginningEnds() throws {
        var retention = Sequencer.Retention()
        retention.logs = [(try TopicPattern("log"), 100_000)]
        let sequencer = Sequencer(epoch: Epoch("e"), retention: retention)
        let publisher = Thread {
            var batch = UpdateBatch()
            for step in 0..<4000 {
                batch.removeAll()
                for topic in ["log", "t/\(step)"] {
                    try? batch.append(topic: Array(topic.utf8).span, data: Array("1".utf8).span)
                }
                _ = try? sequencer.publish(
                    batch, time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
            }
        }
        publisher.start()
        var replicas: [BrokerReplica] = []
        while sequencer.topicCount < 4001 {
            if replicas.count < 20 {
                replicas.append(BrokerReplica(inbox: sequencer.addInbox(wake: {})))
            }
        }
        var batch = Batch()
        for replica in replicas {
            replica.follow()
            batch.removeAll()
            _ = replica.poll([try TopicPattern("log")], after: nil, byteBudget: 1 << 30, into: &batch)
            #expect(batch.entries.count == 4000 && batch.gaps.isEmpty)
            #expect(replica.sequence == 8000 && replica.topics.count == 4001)
        }
    }

    /// A consumer that joined and never looks: what its inbox holds is bounded, and enough.
    @Test func aLateInboxThatNobodyEmptiesLosesNothing() throws {
        let bench = try Bench(logging: 3, tombstoneLimit: 10)
        for step in 0..<50 { try bench.publish([("t/\(step)", "1"), ("log/cold", "\(step)")]) }
        let inbox = bench.sequencer.addInbox(wake: {})
        bench.sequencer.begin(Epoch("next"))
        for step in 0..<40_000 {
            try bench.publish([("hot", "\(step)"), ("log/hot", "\(step)")])
            if step % 3 == 0 { try bench.publish([("gone/\(step)", "1"), ("gone/\(step)", nil)]) }
            if step % 1000 == 0 { bench.replica.follow() }
        }
        bench.replica.follow()
        let late = BrokerReplica(inbox: inbox)
        #expect(difference(late.told(), bench.replica.told()) == nil)
        #expect(
            late.epoch == Epoch("next") && late.honours(Cursor(epoch: Epoch("bench"), sequence: 100)) == false
        )
    }
}
