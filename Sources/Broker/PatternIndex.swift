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

        var isEmpty: Bool {
            children.isEmpty && anySegment == nil && ending == nil && endingBelow == nil
        }
    }

    private struct Entry {
        var pattern: TopicPattern
        var subscribers: [SubscriberID] = []
        /// Where each stands in the list: thousands of readers of one pattern may leave at once.
        var places: [SubscriberID: Int] = [:]

        mutating func insert(_ subscriber: SubscriberID) {
            guard places.updateValue(subscribers.count, forKey: subscriber) == nil else {
                preconditionFailure("the reader holds the pattern already")
            }
            subscribers.append(subscriber)
        }

        mutating func remove(_ subscriber: SubscriberID) {
            guard let place = places.removeValue(forKey: subscriber) else { return }
            let last = subscribers.removeLast()
            guard last != subscriber else { return }
            subscribers[place] = last
            places[last] = place
        }
    }

    private var nodes = [Node()]
    private var freeNodes: [Int] = []
    private var entries: [Entry?] = []
    private var freeEntries: [UInt32] = []
    private var numbers: [TopicPattern: UInt32] = [:]

    /// How many patterns readers hold, summed over the readers.
    private(set) var holdingCount = 0
    /// Bytes of the texts of all patterns.
    private var textByteCount = 0

    /// Nodes that patterns stand on, the root included.
    var nodeCount: Int { nodes.count - freeNodes.count }

    /// About what it takes in memory: a node is mostly its table of children, a pattern has its text in two tables, and each
    /// reader of one stands in its list and in its table.
    var byteCount: Int {
        (nodeCount - 1) * 200 + numbers.count * 80 + textByteCount * 2 + holdingCount * 60
    }

    func pattern(_ number: UInt32) -> TopicPattern { entries[Int(number)].unsafelyUnwrapped.pattern }

    func subscribers(_ number: UInt32) -> [SubscriberID] { entries[Int(number)]?.subscribers ?? [] }

    func contains(_ subscriber: SubscriberID, in number: UInt32) -> Bool {
        entries[Int(number)]?.places[subscriber] != nil
    }

    func number(of pattern: TopicPattern) -> UInt32? { numbers[pattern] }

    mutating func add(_ subscriber: SubscriberID, to pattern: TopicPattern) -> UInt32 {
        holdingCount += 1
        if let number = numbers[pattern] {
            entries[Int(number)]?.insert(subscriber)
            return number
        }
        var entry = Entry(pattern: pattern)
        entry.insert(subscriber)
        let number: UInt32
        if let free = freeEntries.popLast() {
            number = free
            entries[Int(free)] = entry
        } else {
            number = UInt32(entries.count)
            entries.append(entry)
        }
        numbers[pattern] = number
        textByteCount += pattern.text.count
        setEnding(of: pattern, to: number)
        return number
    }

    mutating func remove(_ subscriber: SubscriberID, from number: UInt32) {
        holdingCount -= 1
        entries[Int(number)]?.remove(subscriber)
        guard let pattern = entries[Int(number)]?.pattern, subscribers(number).isEmpty else { return }
        numbers[pattern] = nil
        textByteCount -= pattern.text.count
        setEnding(of: pattern, to: nil)
        prune(pattern)
        entries[Int(number)] = nil
        freeEntries.append(number)
        // What so many took at their peak goes back when the last one goes.
        if numbers.isEmpty { self = PatternIndex() }
    }

    /// Appends the numbers of all patterns that cover `name`.
    func match(_ name: UnsafeBufferPointer<UInt8>, into found: inout [UInt32]) {
        // At a start there are a million topics, and nobody reads.
        if numbers.isEmpty { return }
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
        if let child = existingChild(of: node, for: segment) { return child }
        let child = freeNodes.popLast() ?? nodes.count
        if child == nodes.count { nodes.append(Node()) }
        setChild(of: node, for: segment, to: child)
        return child
    }

    private func existingChild(of node: Int, for segment: [UInt8]) -> Int? {
        segment == [ASCII.asterisk] ? nodes[node].anySegment : nodes[node].children[segment]
    }

    private mutating func setChild(of node: Int, for segment: [UInt8], to child: Int?) {
        if segment == [ASCII.asterisk] {
            nodes[node].anySegment = child
        } else {
            nodes[node].children[segment] = child
        }
    }

    /// Lets go of the nodes of a pattern that nothing else stands on: patterns come and go, nodes may not stay.
    private mutating func prune(_ pattern: TopicPattern) {
        var path: [(parent: Int, segment: [UInt8], node: Int)] = []
        for segment in pattern.text.split(separator: ASCII.slash).map({ Array($0) }) {
            let parent = path.last?.node ?? 0
            guard let node = existingChild(of: parent, for: segment) else { break }
            path.append((parent, segment, node))
        }
        for step in path.reversed() {
            guard nodes[step.node].isEmpty else { return }
            setChild(of: step.parent, for: step.segment, to: nil)
            nodes[step.node] = Node()
            freeNodes.append(step.node)
        }
    }
}
