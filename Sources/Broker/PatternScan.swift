/// The topics that a pattern covers, in the byte order of their names, a few at a time.
internal import Primitives

/// It skips from one possible name to the next, so that it looks at little more than what it finds. Between two rations
/// topics may come and go: it goes on behind the last name that it looked at.
struct PatternScan {
    private enum Key {
        case at([UInt8])
        case behind([UInt8])
        case behindTopic(Payload)
    }

    private let pattern: TopicPattern
    /// Where it goes on when the tree has changed.
    private var key: Key
    private var place = TopicTree.Place()
    private var edition: UInt64?
    private(set) var isOver = false

    /// Begins behind the name `after`, where one is given.
    init(_ pattern: TopicPattern, after: [UInt8]? = nil) {
        self.pattern = pattern
        let first = Array(pattern.literalPrefix)
        if let after, !after.lexicographicallyPrecedes(first) {
            key = .behind(after)
        } else {
            key = .at(first)
        }
    }

    /// The next topic that the pattern covers; nil where the ration is spent or, with `isOver`, at the end.
    mutating func next(
        in tree: borrowing TopicTree, _ topics: borrowing Slab<Topic>, _ ration: inout Ration
    ) -> UInt32? {
        while !isOver, !ration.isSpent {
            ration.take()
            if edition != tree.edition { find(in: tree, topics) }
            guard let topic = tree.next(&place) else {
                isOver = true
                return nil
            }
            key = .behindTopic(topics[topic].name)
            switch pattern.meet(topics[topic].name.unsafeBytes) {
            case .covered: return topic
            case .next: continue
            case .seek(let name):
                key = .at(name)
                edition = nil
            case .over: isOver = true
            }
        }
        return nil
    }

    private mutating func find(in tree: borrowing TopicTree, _ topics: borrowing Slab<Topic>) {
        edition = tree.edition
        switch key {
        case .at(let name): place = name.withUnsafeBufferPointer { tree.place($0, topics) }
        case .behind(let name): place = name.withUnsafeBufferPointer { tree.place($0, after: true, topics) }
        case .behindTopic(let name): place = tree.place(name.unsafeBytes, after: true, topics)
        }
    }
}

extension TopicPattern {
    /// What the names in byte order from `name` on have for the pattern.
    enum Meeting: Equatable {
        case covered
        /// Not this one; maybe the next one.
        case next
        /// None before that key.
        case seek([UInt8])
        /// None.
        case over
    }

    func meet(_ name: UnsafeBufferPointer<UInt8>) -> Meeting {
        var at = 0
        var nameAt = 0
        while at < text.count {
            if text[at] == ASCII.asterisk {
                let isLast = at + 1 == text.count
                if !isLast, text[at + 1] == ASCII.asterisk { return .covered }
                let end = name[nameAt...].firstIndex(of: ASCII.slash) ?? name.count
                if isLast { return end == name.count ? .covered : .seek(Self.behind(name[..<end])) }
                // Too short; but longer names with the same beginning may follow.
                guard end < name.count else { return .next }
                at += 2
                nameAt = end + 1
            } else {
                let run = text[at..<(text[at...].firstIndex(of: ASCII.asterisk) ?? text.count)]
                let isLast = run.endIndex == text.count
                let rest = name[nameAt...]
                if isLast ? rest.elementsEqual(run) : rest.starts(with: run) {
                    at = run.endIndex
                    nameAt += run.count
                } else if rest.lexicographicallyPrecedes(run) {
                    return .seek(Array(name[..<nameAt]) + run)
                } else {
                    // All that begin as it does up to here, and could be covered, were before it.
                    return nameAt == 0 ? .over : .seek(Self.behind(name[..<(nameAt - 1)]))
                }
            }
        }
        return .covered
    }

    /// The key behind all names that begin with `prefix` and a slash.
    private static func behind(_ prefix: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
        Array(prefix) + [ASCII.slash + 1]
    }
}
