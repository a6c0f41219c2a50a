import Primitives
import Testing

/// Names, patterns and the index over patterns, against naive matching.
@testable import Broker

func random(seed: UInt64) -> SeededGenerator { SeededGenerator(seed: seed) }

@Suite struct TopicNameTests {
    static let accepted = [
        "a", "stocks/AAPL", "fx/EUR/USD", "host/cpu/user", "...", "a/.b", "größe/日本", "a\"b", "a\\b",
        String(repeating: "x", count: 256),
    ]
    static let refused = [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/./b", "a/..", "a b", "a\tb", "a\u{0}", "a\u{7F}", "a,b",
        "*",
        "a/*", "a*b", "**", String(repeating: "x", count: 257), String(repeating: "é", count: 129),
    ]

    @Test(arguments: accepted) func acceptsWhatNamesATopic(name: String) throws {
        try TopicName.check(Array(name.utf8).span)
    }

    @Test(arguments: refused) func refusesWhatDoesNot(name: String) {
        #expect(throws: TopicFailure.self) { try TopicName.check(Array(name.utf8).span) }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: TopicFailure.self) { try TopicName.check(([0x61, 0xFF] as [UInt8]).span) }
    }
}

@Suite struct TopicPatternTests {
    @Test(arguments: ["a*", "a/b*/c", "**/a", "a/**/b", "***", "a//*", "*,*", ""])
    func refusesWhatIsNoPattern(text: String) {
        #expect(throws: TopicFailure.self) { try TopicPattern(text) }
    }

    @Test func coversAsTheDefinitionReads() throws {
        for (pattern, name) in Self.pairs(seed: 7, count: 4000) {
            let covers = Array(name.utf8).withUnsafeBufferPointer { try? TopicPattern(pattern).covers($0) }
            #expect(covers == NaivePattern(text: pattern).covers(name), "\(pattern) over \(name)")
        }
    }

    static func name(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in "abc".randomElement(using: &random)! }
            .map(String.init).joined(separator: "/")
    }

    static func pattern(_ random: inout SeededGenerator) -> String {
        var segments = name(&random).split(separator: "/").map(String.init)
        for place in segments.indices where Int.random(in: 0..<3, using: &random) == 0 {
            segments[place] = "*"
        }
        if Int.random(in: 0..<3, using: &random) == 0 { segments[segments.count - 1] = "**" }
        return segments.joined(separator: "/")
    }

    private static func pairs(seed: UInt64, count: Int) -> [(String, String)] {
        var generator = random(seed: seed)
        return (0..<count).map { _ in (pattern(&generator), name(&generator)) }
    }
}

@Suite struct PatternIndexTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func findsWhatLinearMatchingFinds(seed: UInt64) throws {
        var generator = random(seed: seed)
        var index = PatternIndex()
        var held: [String: [SubscriberID]] = [:]
        for _ in 0..<600 {
            let text = TopicPatternTests.pattern(&generator)
            let pattern = try TopicPattern(text)
            let subscriber = SubscriberID.random(in: 0..<6, using: &generator)
            if let place = held[text]?.firstIndex(of: subscriber) {
                index.remove(subscriber, from: try #require(index.number(of: pattern)))
                held[text]?.remove(at: place)
                if held[text]?.isEmpty == true { held[text] = nil }
            } else {
                _ = index.add(subscriber, to: pattern)
                held[text, default: []].append(subscriber)
            }
            let name = TopicPatternTests.name(&generator)
            var found: [UInt32] = []
            Array(name.utf8).withUnsafeBufferPointer { index.match($0, into: &found) }
            let texts = found.map { String(decoding: index.pattern($0).text, as: UTF8.self) }
            #expect(texts.sorted() == held.keys.filter { NaivePattern(text: $0).covers(name) }.sorted())
            for number in found {
                let text = String(decoding: index.pattern(number).text, as: UTF8.self)
                #expect(index.subscribers(number).sorted() == held[text]?.sorted())
            }
        }
    }

    @Test func patternsThatGoLeaveNoNodes() throws {
        var index = PatternIndex()
        _ = index.add(1, to: try TopicPattern("stocks/*"))
        for user in 0..<1000 {
            let number = index.add(2, to: try TopicPattern("users/\(user)/*/deep/**"))
            index.remove(2, from: number)
        }
        #expect(index.nodeCount == 3)
    }

    @Test func manyReadersOfOnePatternLeaveInLinearTime() throws {
        var index = PatternIndex()
        let pattern = try TopicPattern("stocks/*")
        for subscriber in 0..<SubscriberID(20_000) { _ = index.add(subscriber, to: pattern) }
        let number = try #require(index.number(of: pattern))
        let start = ContinuousClock.now
        for subscriber in 0..<SubscriberID(20_000) { index.remove(19_999 - subscriber, from: number) }
        #expect(index.number(of: pattern) == nil)
        #expect(ContinuousClock.now - start < .seconds(2))
    }
}
