import Broker
import Primitives
import Testing

@testable import Access

/// Many patterns answer as each of them would by itself.
@Suite struct PatternSetTests {
    private static let segments = ["a", "b", "*", "**"]

    /// One of one to four segments; `**` is last.
    private static func pattern(_ generator: inout SeededGenerator) throws -> TopicPattern {
        var text: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &generator) where text.last != "**" {
            text.append(segments.randomElement(using: &generator) ?? "a")
        }
        return try TopicPattern(text.joined(separator: "/"))
    }

    @Test func agreesWithItsPatterns() throws {
        var generator = SeededGenerator(seed: 1)
        var heldCount = 0
        for _ in 0..<3000 {
            let count = Int.random(in: 0...14, using: &generator)
            let patterns = try (0..<count).map { _ in try Self.pattern(&generator) }
            let set = PatternSet(patterns)
            #expect(set.isEmpty == patterns.isEmpty)
            let asked = try Self.pattern(&generator)
            let isHeld = patterns.contains { asked.lies(within: $0) }
            #expect(
                set.holds(asked) == isHeld, "\(asked.text.span.text) in \(patterns.map { $0.text.span.text })"
            )
            if !asked.isWild { #expect(set.holds(topic: asked.text.span) == isHeld) }
            heldCount += isHeld ? 1 : 0
        }
        #expect((500...2500).contains(heldCount))
    }

    @Test func findsItsWayBack() throws {
        var texts = (0..<20).map { "x/\($0)" }
        texts += ["a/b/c", "a/*/d", "*/b/e/**", "é/*"]
        let set = PatternSet(try texts.map { try TopicPattern($0) })
        for (asked, isHeld) in [
            ("a/b/c", true), ("a/b/d", true), ("a/b/e", false), ("a/b/e/f", true), ("a/b/e/**", true),
            ("a/b", false),
            ("a/*/c", false), ("a/*/d", true), ("z/b/e/*", true), ("é/x", true), ("é", false), ("x/7", true),
            ("x/*", false),
            ("**", false),
        ] {
            #expect(set.holds(try TopicPattern(asked)) == isHeld, "\(asked)")
        }
    }
}
