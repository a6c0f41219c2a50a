import Foundation
import Primitives
import Synchronization
import Testing

/// A state that takes the place of another one under running loops: each of them ends up holding the new one, whole and once.
@testable import Broker

@Suite struct ReplacingTests {
    private let epochs = [Epoch("e"), Epoch("f"), Epoch("g")]

    /// Takes what has come, and goes on with the new state where there is one.
    private func followed(_ replica: BrokerReplica) -> BrokerReplica {
        var replica = replica
        replica.follow()
        while replica.isReplaced {
            replica = BrokerReplica(succeeding: replica)
            replica.follow()
        }
        return replica
    }

    /// What a node has applied and lost is not there any more; what the log holds is.
    @Test(arguments: 1...12 as ClosedRange<UInt64>) func everyLoopHoldsTheNewState(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        let running = Sequencer(epoch: Epoch("e"), retention: history.retention)
        var replicas = [BrokerReplica(inbox: running.addInbox(wake: {}))]
        for _ in 0..<40 { try history.publish(to: running) }
        for round in 0..<4 {
            // What survived, and then what others have written.
            let other = try running.copy()
            for _ in 0..<(10 * round) { try history.publish(to: running) }
            if round == 2 { other.begin(Epoch("f"), after: other.sequence - 3) }
            for _ in 0..<20 { try history.publish(to: other) }
            if history.chance(50, &history.random) { replicas[0] = followed(replicas[0]) }
            let (told, lineage) = (other.told, other.lineage)
            running.replace(with: other)
            #expect(difference(running.told, told) == nil && running.lineage == lineage)
            for _ in 0..<(history.chance(50, &history.random) ? 30 : 0) { try history.publish(to: running) }
            replicas.append(BrokerReplica(inbox: running.addInbox(wake: {})))
            for place in replicas.indices { replicas[place] = followed(replicas[place]) }
            for replica in replicas {
                try #require(
                    difference(replica.told(), replicas[replicas.count - 1].told()) == nil,
                    "seed \(seed) round \(round)")
            }
        }
        let answers = try replicas[replicas.count - 1].answers(epochs)
        for replica in replicas { #expect(difference(try replica.answers(epochs), answers) == nil) }
    }

    @Test func anInboxDropsWhatWaitsAndBeginsAnew() throws {
        let running = Sequencer(epoch: Epoch("e"))
        let wakes = Atomic<Int>(0)
        let inbox = running.addInbox { wakes.add(1, ordering: .relaxed) }
        var reader = NumberedReader(inbox: inbox)
        var entries: [NumberedEntry] = []
        reader.take(into: &entries)
        try publish(["a"], to: running)
        let other = Sequencer(epoch: Epoch("f"))
        try publish(["x", "y"], to: other)
        #expect(!inbox.sleep())
        entries = []
        running.replace(with: other)
        try publish(["z"], to: running)
        reader.take(into: &entries)
        #expect(
            entries.map { "\($0.event) \($0.topic.text)" } == [
                "replaced ", "created x", "created y", "value x", "value y", "lineage ", "created z",
                "value z",
            ])
        #expect(entries.map(\.sequence).filter { $0 > 0 } == [1, 1, 1, 2, 2, 3, 3])
        // Whoever sleeps is woken.
        #expect(inbox.sleep())
        running.replace(with: Sequencer(epoch: Epoch("g")))
        #expect(wakes.load(ordering: .relaxed) == 1)
    }

    /// A loop that lags: only the last one of several states counts.
    @Test func onlyTheLastStateCounts() throws {
        let running = Sequencer(epoch: Epoch("e"))
        try publish(["a"], to: running)
        var replica = BrokerReplica(inbox: running.addInbox(wake: {}))
        for name in ["b", "c", "d"] {
            let other = Sequencer(epoch: Epoch(name))
            try publish([name], to: other)
            running.replace(with: other)
        }
        #expect(replica.told().contains { $0.hasPrefix("a ") })
        replica = followed(replica)
        #expect(replica.epoch == Epoch("d") && replica.topics.count == 1 && replica.sequence == 1)
    }

    /// Whoever collects a beginning while the state is replaced begins with the new one.
    @Test func aBeginningOfAFormerStateIsDropped() throws {
        let running = Sequencer(epoch: Epoch("e"))
        try publish(["a", "b", "c"], to: running)
        let (number, collected) = running.change { state in
            (state.fanOut.open(wake: {}), state.collectBeginning())
        }
        let other = Sequencer(epoch: Epoch("f"))
        try publish(["x"], to: other)
        running.replace(with: other)
        let lineage = running.begin([number], with: collected)
        #expect(lineage.current == Epoch("f"))
        let late = BrokerReplica(inbox: Inbox(sequencer: running, number: number, lineage: lineage))
        #expect(late.topics.count == 1 && late.sequence == 1 && !late.isReplaced)
    }

    /// Those that wait for the first state get the last one, and are told of no replacement.
    @Test func heldInboxesGoOnWaiting() throws {
        let running = Sequencer(epoch: Epoch("e"))
        let held = BrokerReplica(inbox: running.holdInboxes([{}])[0])
        let other = Sequencer(epoch: Epoch("f"))
        try publish(["x"], to: other)
        running.replace(with: other)
        held.follow()
        #expect(!held.hasBegun && !held.isReplaced)
        running.releaseInboxes()
        held.follow()
        #expect(!held.isReplaced && held.epoch == Epoch("f") && held.topics.count == 1)
    }

    /// A replica whose state is gone changes no more: its readers are sent what it holds, and its cursors are of that.
    @Test func whatIsReplacedStandsStill() throws {
        let running = Sequencer(epoch: Epoch("e"))
        try publish(["a", "b"], to: running)
        let replica = BrokerReplica(inbox: running.addInbox(wake: {}))
        let reader = replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        _ = replica.subscribe(reader, to: [.everything], after: nil)
        replica.follow()
        let other = Sequencer(epoch: Epoch("f"))
        try publish(["x"], to: other)
        running.replace(with: other)
        for _ in 0..<2 { #expect(replica.follow() == 0 && replica.isReplaced) }
        var batch = Batch()
        replica.drain(reader, byteBudget: 1000, into: &batch)
        #expect(batch.entries.count == 2 && batch.cursor == 2 && replica.epoch == Epoch("e"))
        #expect(!replica.honoursCaughtUp(Cursor(epoch: Epoch("f"), sequence: 1)))
        let next = BrokerReplica(succeeding: replica)
        #expect(next.honoursCaughtUp(Cursor(epoch: Epoch("f"), sequence: 1)))
        #expect(!next.honoursCaughtUp(Cursor(epoch: Epoch("e"), sequence: 1)))
        #expect(!next.contains(reader))
    }

    /// Of the same history cursors go on; those beyond what survived are reset.
    @Test func cursorsAreJudgedByTheNewState() throws {
        let running = Sequencer(epoch: Epoch("e"))
        try publish(["a", "b", "c"], to: running)
        let other = try running.copy()
        try publish(["lost"], to: running)
        other.begin(Epoch("f"), after: 3)
        try publish(["kept"], to: other)
        var replica = BrokerReplica(inbox: running.addInbox(wake: {}))
        running.replace(with: other)
        replica = followed(replica)
        for (epoch, sequence, isHonoured) in [
            ("e", 2, true), ("e", 3, true), ("e", 4, false), ("f", 4, true), ("f", 5, false),
        ] as [(String, UInt64, Bool)] {
            let cursor = Cursor(epoch: Epoch(epoch), sequence: sequence)
            #expect(replica.honoursCaughtUp(cursor) == isHonoured, "\(cursor)")
        }
    }

    @Test func whatIsReservedStaysReservedAndTheLimitIsTheRunningOne() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 4
        let running = Sequencer(epoch: Epoch("e"), retention: retention)
        var batch = UpdateBatch()
        for name in ["p", "q"] { try batch.append(topic: Array(name.utf8).span, data: [49].span) }
        var reserved = try running.reserve(for: batch)
        #expect(reserved == 2)
        let other = Sequencer(epoch: Epoch("f"))
        try publish(["x"], to: other)
        running.replace(with: other)
        try publish(["y"], to: running)
        #expect(throws: PublishFailure.tooManyTopics(limit: 4)) { try publish(["z"], to: running) }
        _ = running.publish(
            part: batch, reserved: &reserved, time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
        #expect(reserved == 0 && running.topicCount == 4)
        #expect(throws: PublishFailure.tooManyTopics(limit: 4)) { try publish(["z"], to: running) }
    }

    /// Publishing, joining and replacing at the same time, by threads of their own.
    @Test func nothingIsMissingBehindTheNewBeginning() throws {
        var retention = Sequencer.Retention()
        retention.logs = [(try TopicPattern("log"), 100_000)]
        let running = Sequencer(epoch: Epoch("e"), retention: retention)
        let isOver = Atomic<Bool>(false)
        let (rules, ready) = (retention, DispatchSemaphore(value: 0))
        let replacer = Thread {
            for number in 0..<40 {
                let other = Sequencer(epoch: Epoch("f\(number)"), retention: rules)
                for _ in 0..<200 { try? self.publish(["log"], to: other) }
                running.replace(with: other)
            }
            isOver.store(true, ordering: .releasing)
            ready.signal()
        }
        replacer.start()
        var replicas: [BrokerReplica] = []
        while !isOver.load(ordering: .acquiring) {
            try publish(["log"], to: running)
            if replicas.count < 20 { replicas.append(BrokerReplica(inbox: running.addInbox(wake: {}))) }
            let place = Int(running.sequence) % replicas.count
            replicas[place] = followed(replicas[place])
            #expect(replicas[place].hasBegun)
        }
        ready.wait()
        try publish(["log"], to: running)
        let end = running.sequence
        var batch = Batch()
        for replica in replicas.map({ followed($0) }) {
            batch.removeAll()
            _ = replica.poll([try TopicPattern("log")], after: nil, byteBudget: 1 << 30, into: &batch)
            #expect(batch.entries.count == Int(end) && batch.gaps.isEmpty && replica.sequence == end)
            #expect(replica.epoch == Epoch("f39"))
        }
    }

    @Test func itIsTakenApartInPortions() throws {
        let running = Sequencer(epoch: Epoch("e"))
        try publish((0..<1000).map { "t/\($0)" }, to: running)
        let replica = BrokerReplica(inbox: running.addInbox(wake: {}))
        replica.visitSteps = 16
        let reader = replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        _ = replica.subscribe(reader, to: [.everything], after: nil)
        replica.follow()
        running.replace(with: Sequencer(epoch: Epoch("f")))
        replica.catchUp()
        replica.removeSubscriber(reader)
        #expect(replica.hasWalks)
        var portions = 0
        while true {
            var ration = Ration(steps: 50)
            portions += 1
            let isOver = replica.takeApart(&ration)
            #expect(ration.taken <= 66)
            if isOver { break }
        }
        #expect(portions > 40 && replica.topics.count == 0 && replica.subscribers.count == 0)
    }

    private func publish(_ names: [String], to sequencer: Sequencer) throws {
        var batch = UpdateBatch()
        for name in names { try batch.append(topic: Array(name.utf8).span, data: [49].span) }
        try sequencer.publish(batch, time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
    }
}
