import Primitives
import Testing

/// The small structures under the broker, each against a plain one of the standard library.
@testable import Broker

func payload(_ text: String) -> Payload { Payload(Array(text.utf8).span) }

@Suite struct NameTableTests {
    private struct Bearer: Named {
        let name: Payload
    }

    private func find(_ name: String, _ bearers: borrowing Slab<Bearer>, in table: NameTable) -> UInt32? {
        Array(name.utf8).withUnsafeBufferPointer { table.find($0, bearers) }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func agreesWithADictionary(seed: UInt64) {
        var generator = random(seed: seed)
        var (table, model) = (NameTable(), [String: UInt32]())
        var bearers = Slab<Bearer>()
        for _ in 0..<4000 {
            let name = "name/\(Int.random(in: 0..<300, using: &generator))"
            if let index = model[name] {
                table.remove(index, bearers)
                bearers.remove(index)
                model[name] = nil
            } else if model.count < 200 {
                let index = bearers.insert(Bearer(name: payload(name)))
                table.insert(index, bearers)
                model[name] = index
            }
            let asked = "name/\(Int.random(in: 0..<300, using: &generator))"
            #expect(find(asked, bearers, in: table) == model[asked])
            #expect(table.count == model.count)
        }
        for (name, index) in model { #expect(find(name, bearers, in: table) == index) }
    }
}

@Suite struct CursorTests {
    private func read(_ text: String) -> Cursor? { Cursor(Array(text.utf8).span) }

    @Test(
        arguments: [("k3f9-18241", "k3f9", 18241), ("a-b-7", "a-b", 7), ("e-0", "e", 0)]
            as [(String, String, UInt64)])
    func readsWhatItWrote(text: String, epoch: String, sequence: UInt64) {
        guard let cursor = read(text) else { return #expect(Bool(false), "\(text) was not read") }
        #expect(cursor.epoch == epoch && cursor.sequence == sequence)
        #expect(cursor == Cursor(epoch: Epoch(epoch), sequence: sequence))
    }

    @Test(arguments: [
        "", "-", "-1", "k3f9", "k3f9-", "k3f9-x", "k3f9-1 ", "k3f9-+1", "k3f9-18446744073709551616",
        "k-" + String(repeating: "0", count: 63),
    ])
    func refusesWhatIsMalformed(text: String) {
        #expect(read(text) == nil)
    }

    @Test func anEpochIsShortAndPlain() {
        var generator = random(seed: 1)
        let text = Epoch(random: &generator).text
        #expect(text.count == 8 && text.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) })
    }
}

@Suite struct UpdateEncodingTests {
    static let lines: [(topic: String, data: String?, line: String)] = [
        (
            "stocks/AAPL", "{\"price\":189.3}",
            #"{"topic":"stocks/AAPL","version":1,"time":1764000000123,"data":{"price":189.3}}"#
        ),
        ("a\"b\\c", "null", #"{"topic":"a\"b\\c","version":1,"time":1764000000123,"data":null}"#),
        ("größe/日本", "\"é\"", #"{"topic":"größe/日本","version":1,"time":1764000000123,"data":"é"}"#),
        ("a", "[1,\n2,\r\n3]", #"{"topic":"a","version":1,"time":1764000000123,"data":[1, 2,  3]}"#),
    ]

    @Test(arguments: lines.indices) func isExactlyThisLine(number: Int) throws {
        let (topic, data, line) = Self.lines[number]
        let bench = Bench()
        try bench.publish(topic, data, time: 1_764_000_000_123)
        bench.replica.follow()
        #expect(bench.latest(topic) == line)
    }

    @Test func aTombstoneCarriesNoData() throws {
        let bench = Bench()
        let id = try bench.reader(of: ["a"])
        try bench.publish("a", "1")
        try bench.publish("a", nil, time: 9)
        bench.replica.follow()
        #expect(bench.drain(id) == [#"{"topic":"a","version":2,"time":9,"deleted":true}"#])
        #expect(bench.latest("a") == nil)
    }
}

@Suite struct TopicLogTests {
    @Test(arguments: [1, 3, 8]) func keepsTheLastOnes(limit: Int) {
        let log = TopicLog(limit: limit, originSequence: 10, originVersion: 5)
        let moment = Instant(nanoseconds: 0)
        for step in 0..<UInt64(30) {
            log.append(payload("\(step)"), sequence: 10 + 2 * step, version: 5 + step, accepted: moment)
            let kept = min(Int(step) + 1, limit)
            #expect(log.count == kept && log.endVersion == 6 + step)
            for version in log.firstVersion..<log.endVersion {
                #expect(log[version].payload.text == "\(version - 5)")
                #expect(log[version].sequence == 10 + 2 * (version - 5))
                #expect(log.firstVersion(after: log[version].sequence - 1) == version)
                #expect(log.firstVersion(after: log[version].sequence) == version + 1)
            }
            #expect(log.lostSequence == (log.firstVersion == 5 ? 0 : log[log.firstVersion].sequence - 2))
        }
    }

    @Test func startsAnewWhereVersionsAreMissing() {
        let log = TopicLog(limit: 3, originSequence: 1, originVersion: 1)
        let moment = Instant(nanoseconds: 0)
        for version in 1...4 as ClosedRange<UInt64> {
            log.append(payload("x"), sequence: version, version: version, accepted: moment)
        }
        log.append(payload("y"), sequence: 20, version: 9, accepted: moment)
        #expect(log.firstVersion == 9 && log.endVersion == 10 && log.lostSequence == 19)
        #expect(log.firstVersion(after: 4) == 9)
    }
}

@Suite struct ListingTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func pagesLikeASortedArray(seed: UInt64) throws {
        var generator = random(seed: seed)
        let bench = Bench()
        var alive = Set<String>()
        for _ in 0..<300 {
            let name = TopicPatternTests.name(&generator)
            let isEnd = Int.random(in: 0..<4, using: &generator) == 0
            try bench.publish(name, isEnd ? nil : "1")
            if isEnd { alive.remove(name) } else { alive.insert(name) }
            guard Int.random(in: 0..<10, using: &generator) == 0 else { continue }
            bench.replica.follow()
            let pattern = TopicPatternTests.pattern(&generator)
            let expected = alive.filter { NaivePattern(text: pattern).covers($0) }
                .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
            let limit = Int.random(in: 1...5, using: &generator)
            #expect(try bench.list(pattern, limit: limit) == expected)
            #expect(bench.sequencer.topicCount == alive.count)
        }
    }
}
