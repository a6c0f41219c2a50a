import Primitives
import Testing

/// Changes of coverage, from which the coverage itself must be made again.
@testable import Broker

/// What somebody knows who hears of changes and nothing else.
struct HeardCoverage {
    struct Place: Hashable {
        let subscriber: SubscriberID
        let topic: TopicID
    }

    private(set) var names: [Place: String] = [:]
    private var begun: [Place: UInt64] = [:]

    /// Learns what changed; says what does not fit to what it knows.
    mutating func hear(_ changes: [CoverageChange]) -> String? {
        for change in changes {
            let place = Place(subscriber: change.subscriber, topic: change.topic)
            let name = change.name.text
            switch change.kind {
            case .began:
                guard names.updateValue(name, forKey: place) == nil else { return "\(name) began twice" }
                begun[place] = change.sequence
            case .ended:
                guard names.removeValue(forKey: place) == name else { return "\(name) ended and never began" }
                guard begun.removeValue(forKey: place).map({ $0 <= change.sequence }) ?? false else {
                    return "\(name) ended before it began"
                }
            }
        }
        return nil
    }

    /// The truth.
    init(of replica: BrokerReplica) {
        for subscriber in 0..<SubscriberID(replica.subscribers.limit)
        where replica.subscribers.contains(subscriber) {
            for topic in replica.subscribers[subscriber].coveredTopics {
                let place = Place(subscriber: subscriber, topic: replica.topicID(topic))
                names[place] = replica.topics[topic].name.text
            }
        }
    }

    init() {}
}

extension Subscriber {
    /// The topics of its slots.
    var coveredTopics: [UInt32] { (0..<slots.count).map { slots[$0].topic }.filter { $0 != Topic.none } }
}

@Suite struct CoverageTests {
    private func changes(_ bench: Bench) -> [String] {
        var changes: [CoverageChange] = []
        bench.replica.drainCoverage(into: &changes)
        return changes.map { "\($0.owner.connection) \($0.kind) \($0.name.text) at \($0.sequence)" }
    }

    @Test func tellsWhoCoversWhatSinceWhen() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        let bench = Bench(retention)
        bench.replica.recordsCoverage = true
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 7, generation: 0))
        try bench.subscribe(id, ["a", "t/*"])
        #expect(changes(bench) == ["7 began a at 0"])
        try bench.publish([("a", "1"), ("t/x", "1"), ("t/y", "1")])
        bench.replica.follow()
        #expect(changes(bench) == ["7 began t/x at 1", "7 began t/y at 2"])
        _ = bench.drain(id)
        try bench.publish([("t/x", nil)])
        bench.replica.follow()
        #expect(changes(bench) == [])
        _ = bench.drain(id)
        bench.replica.follow()
        #expect(changes(bench) == ["7 ended t/x at 4"])
        try bench.unsubscribe(id, ["a"])
        bench.replica.removeSubscriber(id)
        #expect(changes(bench) == ["7 ended a at 4", "7 ended t/y at 4"])
    }

    @Test func whoTurnsItOnLateIsToldWhatIs() throws {
        let bench = Bench()
        _ = try bench.reader(of: ["b", "a"])
        #expect(changes(bench) == [] && bench.replica.coverageChanges.isEmpty)
        bench.replica.recordsCoverage = true
        #expect(changes(bench).sorted() == ["0 began a at 0", "0 began b at 0"])
        bench.replica.recordsCoverage = false
        _ = try bench.reader(of: ["c"])
        #expect(changes(bench) == [] && bench.replica.coverageChanges.isEmpty)
    }

    /// It is about to be sent away; until then it is sent nothing that it has dropped, or may read no more.
    @Test func whoCoversTooMuchStillLosesWhatItDrops() throws {
        let bench = Bench()
        for name in ["a", "t/b", "t/c"] { try bench.publish(name, "1") }
        bench.replica.follow()
        let id = try bench.reader(of: ["a", "t/b"])
        bench.replica.coveredLimit = 2
        try bench.subscribe(id, ["t/*"])
        #expect(bench.replica.hasOverfull)
        try bench.unsubscribe(id, ["a", "t/b", "t/*"])
        #expect(bench.replica.coveredCount(of: id) == 0)
        #expect(bench.drain(id).isEmpty)
    }
}
