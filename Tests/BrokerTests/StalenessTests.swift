import Primitives
import Testing

/// Values that count as stale, and who is told so when.
@testable import Broker

@Suite struct StalenessTests {
    private let notice = "\"topic\":\"fx/a\",\"since\":1100"

    /// `fx/**` is stale after a tenth of a second, and a log where it is below `fx/log/`.
    private func bench() throws -> Bench {
        var retention = Sequencer.Retention()
        retention.staleness = [(try TopicPattern("fx/**"), Interval(milliseconds: 100))]
        retention.logs = [(try TopicPattern("fx/log/*"), 4)]
        return Bench(retention)
    }

    private func asking(_ bench: Bench, _ patterns: [String], after sequence: UInt64? = nil) throws
        -> SubscriberID
    {
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        bench.replica.tellStaleness(to: id)
        try bench.subscribe(id, patterns, after: sequence)
        return id
    }

    private func notices(_ bench: Bench) -> [String] { bench.batch.staleNotices.map(\.text) }

    @Test func whoAsksIsToldOnceAndTheOthersAreNotWoken() throws {
        let bench = try bench()
        let (asking, other) = (try asking(bench, ["fx/*"]), try bench.reader(of: ["fx/*"]))
        try bench.publish("fx/a", "1", time: 1000)
        bench.replica.follow()
        #expect(bench.drain(asking).count == 1 && notices(bench) == [])
        #expect(bench.drain(other).count == 1)
        bench.expire(at: 1120)
        bench.replica.follow()
        #expect(bench.drain(asking) == [] && notices(bench) == [notice])
        #expect(bench.batch.cursor == 2)
        #expect(!bench.replica.hasMarks(asking) && !bench.replica.hasMarks(other))
        #expect(bench.replica.cursor(of: other) == 2)
        bench.expire(at: 9000)
        bench.replica.follow()
        #expect(!bench.replica.hasMarks(asking))
        try bench.publish("fx/a", "2", time: 9000)
        bench.replica.follow()
        #expect(bench.drain(asking).count == 1 && notices(bench) == [])
        #expect(bench.drain(other).count == 1)
    }

    /// A slow reader is sent the value and the notice together, and never a notice behind a newer value.
    @Test func aSlowReaderIsToldWhatIsTrueThen() throws {
        let bench = try bench()
        let id = try asking(bench, ["fx/*"])
        try bench.publish("fx/a", "1", time: 1000)
        bench.replica.follow()
        bench.expire(at: 1120)
        bench.replica.follow()
        #expect(bench.drain(id).count == 1 && notices(bench) == [notice])
        try bench.publish("fx/a", "2", time: 2000)
        bench.expire(at: 2120)
        try bench.publish("fx/a", "3", time: 2200)
        bench.replica.follow()
        #expect(bench.drain(id).count == 1 && notices(bench) == [])
    }

    @Test func aNoticeThatWaitsGivesWayToAnUpdate() throws {
        let bench = try bench()
        let id = try asking(bench, ["fx/*"])
        try bench.publish("fx/a", "1", time: 1000)
        bench.replica.follow()
        _ = bench.drain(id)
        bench.expire(at: 1120)
        bench.replica.follow()
        #expect(bench.replica.hasMarks(id))
        try bench.publish("fx/a", "2", time: 1130)
        bench.replica.follow()
        #expect(bench.drain(id).count == 1 && notices(bench) == [])
        #expect(!bench.replica.hasMarks(id))
    }

    @Test func newcomersAreToldWithTheSnapshot() throws {
        let bench = try bench()
        try bench.publish([("fx/a", "1"), ("fx/log/a", "1"), ("b", "1")], time: 1000)
        bench.expire(at: 1120)
        bench.replica.follow()
        let id = try asking(bench, ["**"])
        #expect(bench.drain(id).count == 3)
        #expect(Set(notices(bench)) == [notice, "\"topic\":\"fx/log/a\",\"since\":1100"])
    }

    @Test func whoWasAwayIsToldAndWhoKnowsIsNot() throws {
        let bench = try bench()
        try bench.publish([("fx/a", "1"), ("fx/log/a", "1")], time: 1000)
        bench.replica.follow()
        bench.expire(at: 1120)
        bench.replica.follow()
        let away = try asking(bench, ["fx/**"], after: 2)
        #expect(bench.drain(away) == [] && notices(bench).count == 2)
        #expect(bench.batch.cursor == 4)
        let knowing = try asking(bench, ["fx/**"], after: 4)
        #expect(bench.drain(knowing) == [] && notices(bench) == [])
        // Who never asked resumes from before it without being sent anything twice.
        let other = try bench.reader(of: ["fx/**"], after: 2)
        #expect(!bench.replica.hasMarks(other))
    }

    @Test(arguments: [["fx/a", "fx/log/a"], ["**"]]) func pollsAreToldByTheirCursors(patterns: [String])
        throws
    {
        let bench = try bench()
        // So many that a pattern goes through the changes.
        for number in 0..<3000 { try bench.publish("other/\(number)", "1", time: 900) }
        try bench.publish([("fx/a", "1"), ("fx/log/a", "1")], time: 1000)
        bench.replica.follow()
        let before = bench.replica.sequence
        bench.expire(at: 1120)
        bench.replica.follow()
        let wanted = try patterns.map { try TopicPattern($0) }
        func ask(_ sequence: UInt64, telling: Bool, budget: Int = 1 << 20) -> (
            lines: [String], notices: [String]
        ) {
            bench.batch.removeAll()
            let query = bench.replica.beginPoll(
                of: wanted, after: sequence, tellingStaleness: telling, byteBudget: budget)
            bench.replica.answer(query, into: &bench.batch)
            return (bench.batch.lines, notices(bench))
        }
        let told = ask(before, telling: true)
        #expect(told.lines == [] && told.notices.count == 2 && bench.batch.cursor == before + 2)
        let first = ask(before, telling: true, budget: 1)
        #expect(first.notices.count == 1 && bench.batch.hasMore && bench.batch.cursor == before + 1)
        #expect(ask(before + 1, telling: true).notices.count == 1)
        #expect(ask(before + 2, telling: true) == ([], []))
        #expect(ask(before, telling: false) == ([], []) && bench.batch.cursor == before + 2)
        try bench.publish("fx/a", "2", time: 1200)
        bench.replica.follow()
        let newer = ask(before, telling: true)
        #expect(newer.lines.count == 1 && newer.notices.count == 1)
    }

    @Test func theEndOfATopicEndsIt() throws {
        let bench = try bench()
        let id = try asking(bench, ["fx/*"])
        try bench.publish("fx/a", "1", time: 1000, lasting: 300)
        bench.expire(at: 1120)
        bench.expire(at: 1320)
        bench.replica.follow()
        _ = bench.drain(id)
        #expect(notices(bench) == [] && bench.replica.staleTopics.count == 0)
        #expect(bench.sequencer.nextExpiry == .never)
    }

    @Test func aLatecomerAndARestartKnowIt() throws {
        let bench = try bench()
        try bench.publish([("fx/a", "1"), ("fx/log/a", "1")], time: 1000)
        bench.expire(at: 1120)
        try bench.publish("b", "1", time: 1200)
        let restored = try bench.sequencer.copy()
        for sequencer in [bench.sequencer, restored] {
            let replica = BrokerReplica(inbox: sequencer.addInbox {})
            #expect(replica.sequence == 5 && replica.staleTopics.count == 2)
        }
        // What it knows it does not say again.
        restored.expire(time: UnixTime(milliseconds: 1), at: Instant(milliseconds: 9000))
        #expect(BrokerReplica(inbox: restored.addInbox {}).sequence == 5)
    }

    /// A loop that lags far behind learns what is stale, and nothing of what no longer is.
    @Test func aLaggingInboxKeepsWhatStillHolds() throws {
        let bench = try bench()
        try bench.publish([("fx/a", "1"), ("fx/b", "1")], time: 1000)
        bench.expire(at: 1120)
        try bench.publish("fx/b", "2", time: 1130)
        for number in 0..<Inbox.minimumCompactionCount { try bench.publish("other", "\(number)", time: 1140) }
        #expect(bench.replica.follow() < 1000)
        #expect(bench.replica.staleTopics.count == 1 && bench.replica.staleTopics[0].notice.text == notice)
    }
}
