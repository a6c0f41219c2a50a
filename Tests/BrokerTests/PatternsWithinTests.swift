import Primitives
import Testing

/// Patterns within patterns, against all names there are over a small alphabet.
@testable import Broker

@Suite struct PatternsWithinTests {
    @Test(arguments: [
        ("stocks/*", "stocks/**", true), ("stocks/*", "**", true), ("stocks/*", "*/*", true),
        ("a/**", "a/*", false), ("a/**", "**", true), ("a/**", "a/**", true), ("*", "**", true),
        ("**", "*", false), ("**", "*/**", false), ("*/**", "**", true), ("a", "a", true), ("a", "*", true),
        ("a", "b", false), ("a", "a/**", false), ("a/b", "a", false), ("a", "a/b", false),
        ("*", "a", false), ("a/*/c", "a/*/*", true), ("a/*/**", "a/**", true), ("a/**", "a/*/**", false),
        ("ab", "a", false),
    ]) func liesWithin(inner: String, outer: String, isWithin: Bool) throws {
        #expect(try TopicPattern(inner).lies(within: TopicPattern(outer)) == isWithin)
    }

    /// All lists of 1 to `depth` of `words`.
    private static func lists(of words: [String], depth: Int) -> [[String]] {
        guard depth > 0 else { return [] }
        let shorter = lists(of: words, depth: depth - 1)
        let longest = shorter.filter { $0.count == depth - 1 }
        let rests = depth == 1 ? [[]] : longest
        return shorter + rests.flatMap { rest in words.map { rest + [$0] } }
    }

    /// Patterns of up to three segments over `a` and `b`, each against each. Names have one letter more and one
    /// segment more than any pattern, so that no pattern covers all of them by exhaustion.
    @Test func agreesWithEveryName() throws {
        let patterns = Self.lists(of: ["a", "b", "*", "**"], depth: 3)
            .filter { !$0.dropLast().contains("**") }.map { $0.joined(separator: "/") }
        let names = Self.lists(of: ["a", "b", "c"], depth: 4).map { $0.joined(separator: "/") }
        #expect(patterns.count == 4 + 3 * 4 + 9 * 4 && names.count == 3 + 9 + 27 + 81)
        let covered = patterns.map { pattern in
            Set(names.indices.filter { NaivePattern(text: pattern).covers(names[$0]) })
        }
        for (inner, innerText) in patterns.enumerated() {
            for (outer, outerText) in patterns.enumerated() {
                let isWithin = try TopicPattern(innerText).lies(within: TopicPattern(outerText))
                let isTrue = covered[inner].isSubset(of: covered[outer])
                #expect(isWithin == isTrue, "\(innerText) within \(outerText)")
            }
        }
    }
}
