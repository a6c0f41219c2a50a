import Primitives
import TestSupport
import Testing

/// The tree of names beside a sorted array.
@testable import Broker

@Suite struct TopicTreeTests {
    /// A tree and the topics whose names it holds.
    private final class Forest {
        var topics = Slab<Topic>()
        var tree = TopicTree()
        var numbers: [String: UInt32] = [:]

        func add(_ name: String) {
            guard numbers[name] == nil else { return }
            let topic = topics.insert(Topic(name: Payload(Array(name.utf8).span), birth: 0))
            tree.insert(topic, topics)
            numbers[name] = topic
        }

        func remove(_ name: String) {
            guard let topic = numbers.removeValue(forKey: name) else { return }
            tree.remove(topic, topics)
            topics.remove(topic)
        }

        func find(_ name: String) -> UInt32? {
            Array(name.utf8).withUnsafeBufferPointer { tree.find($0, topics) }
        }

        func count(_ prefix: String) -> Int {
            Array(prefix.utf8).withUnsafeBufferPointer { tree.count(beginningWith: $0, topics) }
        }

        /// All names from `key` on, or behind it.
        func names(from key: String, isBehind: Bool) -> [String] {
            var place = Array(key.utf8).withUnsafeBufferPointer {
                tree.place($0, after: isBehind, topics)
            }
            var found: [String] = []
            while let topic = tree.next(&place) { found.append(topics[topic].name.text) }
            return found
        }

        func scan(_ pattern: String, stepsAtOnce: Int, meanwhile: () -> Void) throws -> (
            names: [String], steps: Int
        ) {
            var scan = PatternScan(try TopicPattern(pattern))
            var (found, steps) = ([String](), 0)
            while !scan.isOver {
                var ration = Ration(steps: stepsAtOnce)
                while let topic = scan.next(in: tree, topics, &ration) {
                    found.append(topics[topic].name.text)
                }
                steps += ration.taken
                meanwhile()
            }
            return (found, steps)
        }
    }

    private static let segments = ["a", "b", "ab", "a-b", "a.", "é", "0", "zz"]

    private static func name(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            segments[Int.random(in: 0..<segments.count, using: &random)]
        }.joined(separator: "/")
    }

    private static func pattern(_ random: inout SeededGenerator) -> String {
        var parts = name(&random).split(separator: "/").map(String.init)
        for place in parts.indices where Int.random(in: 0..<3, using: &random) == 0 { parts[place] = "*" }
        if Int.random(in: 0..<3, using: &random) == 0 { parts[parts.count - 1] = "**" }
        return parts.joined(separator: "/")
    }

    private static func sorted(_ names: some Sequence<String>) -> [String] {
        names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    @Test func holdsWhatASortedArrayHolds() {
        for seed in seeds(20) {
            var random = SeededGenerator(seed: seed)
            let forest = Forest()
            for _ in 0..<300 {
                let name = Self.name(&random)
                if Bool.random(using: &random) { forest.add(name) } else { forest.remove(name) }
                let asked = Self.name(&random)
                #expect(forest.find(asked) == forest.numbers[asked], "seed \(seed)")
                #expect(
                    forest.count(asked) == forest.numbers.keys.count { $0.utf8.starts(with: asked.utf8) },
                    "seed \(seed)")
            }
            let all = Self.sorted(forest.numbers.keys)
            #expect(forest.tree.count == all.count)
            for key in all + ["", "a/", "ab0", "zzz"] {
                let bytes = Array(key.utf8)
                let from = all.filter { !Array($0.utf8).lexicographicallyPrecedes(bytes) }
                #expect(forest.names(from: key, isBehind: false) == from, "seed \(seed)")
                #expect(forest.names(from: key, isBehind: true) == from.filter { $0 != key }, "seed \(seed)")
            }
        }
    }

    /// Also where topics come and go between two rations: what stays is found once.
    @Test func aScanFindsWhatThePatternCovers() throws {
        for seed in seeds(40) {
            var random = SeededGenerator(seed: seed)
            let forest = Forest()
            for _ in 0..<150 { forest.add(Self.name(&random)) }
            let lasting = forest.numbers
            let pattern = Self.pattern(&random)
            let naive = NaivePattern(text: pattern)
            let (names, _) = try forest.scan(pattern, stepsAtOnce: Int.random(in: 1...9, using: &random)) {
                let name = Self.name(&random)
                guard lasting[name] == nil else { return }
                if Bool.random(using: &random) { forest.add(name) } else { forest.remove(name) }
            }
            #expect(names == Self.sorted(Set(names)), "seed \(seed)")
            #expect(
                names.filter { lasting[$0] != nil } == Self.sorted(lasting.keys.filter { naive.covers($0) }),
                "seed \(seed): \(pattern)")
        }
    }

    @Test func aScanLooksAtLittleMoreThanItFinds() throws {
        let forest = Forest()
        for number in 0..<20_000 { forest.add("s\(number / 100)/q\(number % 100)/x") }
        // One topic in each of 200 first segments, and nothing else but the way there.
        let (names, steps) = try forest.scan("*/q7/x", stepsAtOnce: 1000) {}
        #expect(names.count == 200 && steps <= 200 * 3 + 10, "\(steps) steps")
        let (few, fewSteps) = try forest.scan("s1/*/x", stepsAtOnce: 1000) {}
        #expect(few.count == 100 && fewSteps <= 110, "\(fewSteps) steps")
        let (none, noSteps) = try forest.scan("t/**", stepsAtOnce: 1000) {}
        #expect(none.isEmpty && noSteps <= 2)
    }
}
