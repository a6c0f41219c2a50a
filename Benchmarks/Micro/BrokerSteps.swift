/// The broker's steps: publishing, marking, draining.
import Broker
import Primitives

extension Step {
    static let brokerSteps = [
        Step(name: "publish", about: "an update sequenced and applied where nobody reads it") { count in
            let stage = try Stage(readers: 0, topics: 1)
            for _ in 0..<count {
                try stage.publish(topic: 0)
                keep(stage.follow())
            }
        },
        Step(name: "mark", about: "an update to 1,000 readers marked, not taken") { count in
            let stage = try Stage(readers: 1000, topics: 1)
            for _ in 0..<count {
                try stage.publish(topic: 0)
                keep(stage.follow())
            }
        },
        Step(name: "fanout", about: "an update to 1,000 readers marked and taken by each") { count in
            let stage = try Stage(readers: 1000, topics: 1)
            for _ in 0..<count {
                try stage.publish(topic: 0)
                _ = stage.follow()
                for reader in stage.readers { stage.drain(reader) }
            }
        },
        Step(name: "drain", about: "50 marked topics taken by one reader") { count in
            let stage = try Stage(readers: 1, topics: 50)
            for _ in 0..<count {
                for topic in 0..<50 { try stage.publish(topic: topic) }
                _ = stage.follow()
                stage.drain(stage.readers[0])
            }
        },
    ]
}

/// A broker with one replica, and readers that all cover all topics.
private final class Stage {
    let replica: BrokerReplica
    private(set) var readers: [SubscriberID] = []
    private let sequencer: Sequencer
    private let names: [[UInt8]]
    private var updates = UpdateBatch()
    private var batch = Batch()

    init(readers count: Int, topics: Int) throws {
        sequencer = Sequencer(epoch: Epoch("bench"))
        replica = BrokerReplica(inbox: sequencer.addInbox {})
        names = (0..<topics).map { Array("bench/\($0)".utf8) }
        let patterns = try (0..<topics).map { try TopicPattern("bench/\($0)") }
        for owner in 0..<count {
            let reader = replica.addSubscriber(owner: ReaderKey(connection: UInt32(owner), generation: 0))
            _ = replica.subscribe(reader, to: patterns, after: nil)
            readers.append(reader)
        }
    }

    func publish(topic: Int) throws {
        let name = names[topic]
        let data = Step.line
        try updates.append(topic: name.span, data: data.span)
        _ = try sequencer.publish(
            updates, time: UnixTime(milliseconds: 0), at: Instant(nanoseconds: 0))
        updates.removeAll()
    }

    /// What a loop does when updates have come.
    func follow() -> Int {
        let count = replica.catchUp()
        var ration = Ration(steps: .max)
        replica.mark(&ration)
        return count
    }

    func drain(_ reader: SubscriberID) {
        batch.removeAll()
        replica.drain(reader, byteBudget: 65_536, at: Instant(nanoseconds: 5_000_000), into: &batch)
        keep(batch.byteCount)
    }
}
