/// From the name of a new topic to the patterns that cover it.
internal import Primitives

/// A trie of segments. It is asked when a topic appears and changed when somebody subscribes: never for an update.
struct PatternIndex {
    private struct Node {
        var children: [[UInt8]: Int] = [:]
        /// The child for a `*` here; a `*` inside a name cannot be, so it never collides with a literal.
        var anySegment: Int?
        /// Patterns that end here, and those that end here with a `**` below.
        var ending: UInt32?
        var endingBelow: UInt32?
    }

    private struct Entry {
        var pattern: TopicPattern
        var subscribers: [SubscriberID]
    }

    private var nodes = [Node()]
    private var entries: [Entry?] = []
    private var freeEntries: [UInt32] = []
    private var numbers: [TopicPattern: UInt32] = [:]

    func pattern(_ number: UInt32) -> TopicPattern { entries[Int(number)].unsafelyUnwrapped.pattern }

    func subscribers(_ number: UInt32) -> [SubscriberID] { entries[Int(number)]?.subscribers ?? [] }

    func number(of pattern: TopicPattern) -> UInt32? { numbers[pattern] }

    mutating func add(_ subscriber: SubscriberID, to pattern: TopicPattern) -> UInt32 {
        if let number = numbers[pattern] {
            entries[Int(number)]?.subscribers.append(subscriber)
            return number
        }
        let entry = Entry(pattern: pattern, subscribers: [subscriber])
        let number: UInt32
        if let free = freeEntries.popLast() {
            number = free
            entries[Int(free)] = entry
        } else {
            number = UInt32(entries.count)
            entries.append(entry)
        }
        numbers[pattern] = number
        setEnding(of: pattern, to: number)
        return number
    }

    mutating func remove(_ subscriber: SubscriberID, from number: UInt32) {
        guard let at = entries[Int(number)]?.subscribers.firstIndex(of: subscriber) else { return }
        entries[Int(number)]?.subscribers.remove(at: at)
        guard let entry = entries[Int(number)], entry.subscribers.isEmpty else { return }
        numbers[entry.pattern] = nil
        setEnding(of: entry.pattern, to: nil)
        entries[Int(number)] = nil
        freeEntries.append(number)
        // A trie that nothing ends in is let go whole: patterns come and go, nodes would stay.
        if numbers.isEmpty { nodes = [Node()] }
    }

    /// Appends the numbers of all patterns that cover `name`.
    func match(_ name: UnsafeBufferPointer<UInt8>, into found: inout [UInt32]) {
        let segments = name.split(separator: ASCII.slash).map { Array($0) }
        match(segments[...], at: 0, into: &found)
    }

    private func match(_ rest: ArraySlice<[UInt8]>, at node: Int, into found: inout [UInt32]) {
        guard let segment = rest.first else {
            if let ending = nodes[node].ending { found.append(ending) }
            return
        }
        if let below = nodes[node].endingBelow { found.append(below) }
        if let child = nodes[node].children[segment] { match(rest.dropFirst(), at: child, into: &found) }
        if let child = nodes[node].anySegment { match(rest.dropFirst(), at: child, into: &found) }
    }

    private mutating func setEnding(of pattern: TopicPattern, to number: UInt32?) {
        var node = 0
        for segment in pattern.text.split(separator: ASCII.slash) {
            if segment.elementsEqual([ASCII.asterisk, ASCII.asterisk]) {
                nodes[node].endingBelow = number
                return
            }
            node = child(of: node, for: Array(segment))
        }
        nodes[node].ending = number
    }

    private mutating func child(of node: Int, for segment: [UInt8]) -> Int {
        let isAny = segment == [ASCII.asterisk]
        if let child = isAny ? nodes[node].anySegment : nodes[node].children[segment] { return child }
        nodes.append(Node())
        let child = nodes.count - 1
        if isAny { nodes[node].anySegment = child } else { nodes[node].children[segment] = child }
        return child
    }
}
