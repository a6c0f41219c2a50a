import Broker
import Testing

/// What waits for a log that is away.
@Suite struct UpdateBacklogTests {
    private static var rules: Sequencer.Retention {
        get throws {
            var rules = Sequencer.Retention()
            rules.logs = [(try TopicPattern("log/*"), 5)]
            return rules
        }
    }

    private func batch(_ updates: [(topic: String, data: String)]) throws -> UpdateBatch {
        var batch = UpdateBatch()
        for (topic, data) in updates {
            try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span)
        }
        return batch
    }

    private func contents(_ backlog: consuming UpdateBacklog) throws -> (topics: [String], parts: Int) {
        var backlog = backlog
        var (topics, parts): ([String], Int) = ([], 0)
        backlog.empty(by: try Self.rules) { part in
            part.forEachTopic { name in
                topics.append((0..<name.count).map { String(UnicodeScalar(name[$0])) }.joined())
            }
            parts += 1
        }
        return (topics, parts)
    }

    @Test func onlyTheLastValueWaits() throws {
        var backlog = UpdateBacklog()
        for number in 0..<3 {
            let taken = backlog.take(
                try batch([("a", "\(number)"), ("b", "\(number)"), ("log/1", "\(number)")]),
                by: try Self.rules)
            #expect(taken)
        }
        _ = backlog.take(try batch([("a", "3")]), by: try Self.rules)
        let found = try contents(backlog)
        // In the order of what is left.
        #expect(found.topics == ["log/1", "log/1", "b", "log/1", "a"])
    }

    @Test func itStaysSmall() throws {
        var backlog = UpdateBacklog()
        let long = "\"" + String(repeating: "x", count: 1000) + "\""
        for _ in 0..<20 {
            let taken = backlog.take(
                try batch((0..<1000).map { ("topic/\($0)", long) }), by: try Self.rules)
            #expect(taken)
        }
        let byteCount = backlog.byteCount
        #expect(byteCount < 4 << 20)
        let found = try contents(backlog)
        #expect(found.topics.count == 1000 && found.parts == 2)
    }

    @Test func whatCanNotBeConflatedIsRefusedAtTheLimit() throws {
        var backlog = UpdateBacklog()
        let long = "\"" + String(repeating: "x", count: 60_000) + "\""
        var taken = 0
        while taken < 1000, backlog.take(try batch([("log/1", long)]), by: try Self.rules) { taken += 1 }
        #expect(taken == (8 << 20) / (60_002 + 5))
        // Another topic's value fits as little; what is there stays.
        let isTaken = backlog.take(try batch([("a", long)]), by: try Self.rules)
        #expect(!isTaken)
        let found = try contents(backlog)
        #expect(found.topics.count == taken)
    }
}
