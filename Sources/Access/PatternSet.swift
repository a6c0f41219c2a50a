/// The patterns of a right, and whether one of them covers what is asked for.
package import Broker
internal import Primitives

/// Immutable. Ten thousand topics may be asked for at once, and a token may grant a thousand patterns: those are a tree of segments,
/// so that each question takes as many steps as its topic has segments. A few are compared one by one.
package struct PatternSet: Sendable, ExpressibleByArrayLiteral {
    private struct Node {
        var children: [[UInt8]: Int] = [:]
        /// Where `*` leads.
        var anySegment: Int?
        /// Whether a pattern ends here, and whether one goes on with `**`.
        var isEnd = false
        var takesAllBelow = false
    }

    /// More than so many make a tree.
    private static let fewCount = 8

    let patterns: [TopicPattern]
    /// Empty where there are few.
    private var nodes: [Node] = []

    package init(_ patterns: [TopicPattern]) {
        self.patterns = patterns
        guard patterns.count > Self.fewCount else { return }
        nodes = [Node()]
        for pattern in patterns { insert(pattern) }
    }

    package init(arrayLiteral patterns: TopicPattern...) {
        self.init(patterns)
    }

    package var isEmpty: Bool { patterns.isEmpty }

    /// What lies within one of these and one of the others. Of two patterns that only overlap, nothing.
    func narrowed(to other: PatternSet) -> PatternSet {
        let own = patterns.filter { other.holds($0) }
        return PatternSet(own + other.patterns.filter { holds($0) && !own.contains($0) })
    }

    private mutating func insert(_ pattern: TopicPattern) {
        var node = 0
        for segment in pattern.text.split(separator: ASCII.slash) {
            if segment.elementsEqual("**".utf8) {
                nodes[node].takesAllBelow = true
                return
            }
            let isAny = segment.elementsEqual("*".utf8)
            if let next = isAny ? nodes[node].anySegment : nodes[node].children[Array(segment)] {
                node = next
                continue
            }
            nodes.append(Node())
            if isAny {
                nodes[node].anySegment = nodes.count - 1
            } else {
                nodes[node].children[Array(segment)] = nodes.count - 1
            }
            node = nodes.count - 1
        }
        nodes[node].isEnd = true
    }

    /// Whether `pattern` lies within one of these.
    func holds(_ pattern: TopicPattern) -> Bool {
        guard nodes.isEmpty else { return holds(pattern.text[...], below: 0) }
        return patterns.contains { pattern.lies(within: $0) }
    }

    /// Whether one of these covers the topic of that name.
    func holds(topic name: Span<UInt8>) -> Bool {
        guard nodes.isEmpty else { return holds(name.array[...], below: 0) }
        return unsafe name.withUnsafeBufferPointer { name in patterns.contains { unsafe $0.covers(name) } }
    }

    /// The same for the segments that are left.
    private func holds(_ rest: ArraySlice<UInt8>, below number: Int) -> Bool {
        let node = nodes[number]
        if node.takesAllBelow { return true }
        let segment = rest.prefix { $0 != ASCII.slash }
        if segment.elementsEqual("**".utf8) { return false }
        let isLast = segment.endIndex == rest.endIndex
        let others = isLast ? rest[rest.endIndex...] : rest[(segment.endIndex + 1)...]
        for next in [node.children[Array(segment)], node.anySegment].compactMap(\.self)
        where isLast ? nodes[next].isEnd : holds(others, below: next) { return true }
        return false
    }
}
