/// What a subscriber names: one topic, or all topics of a shape, also those that do not exist yet.
internal import Primitives

/// `*` stands for exactly one segment; `**`, which is last, for one or more.
package struct TopicPattern: Sendable, Hashable {
    /// As the subscriber wrote it.
    package let text: [UInt8]
    /// Whether it has a wildcard: otherwise it names exactly one topic.
    package let isWild: Bool

    package init(_ text: Span<UInt8>) throws(TopicFailure) {
        try TopicName.check(text, allowingWildcards: true)
        self.text = text.array
        var isWild = false
        for index in text.indices where text[index] == ASCII.asterisk { isWild = true }
        self.isWild = isWild
    }

    /// Covers every topic.
    package static let everything = TopicPattern(wild: Array("**".utf8))

    private init(wild text: [UInt8]) {
        self.text = text
        isWild = true
    }

    /// The one topic of that name, which is one.
    init(naming topic: UnsafeBufferPointer<UInt8>) {
        text = Array(topic)
        isWild = false
    }

    package init(_ text: String) throws(TopicFailure) {
        try self.init(Array(text.utf8).span)
    }

    /// The bytes that every covered topic starts with: whole segments before the first wildcard.
    var literalPrefix: ArraySlice<UInt8> {
        guard isWild, let star = text.firstIndex(of: ASCII.asterisk) else { return text[...] }
        return text[..<star]
    }

    /// Whether `other` covers every topic that this one covers, those to come included. How long a name may be is left
    /// out of account: a pattern that no name is short enough for counts as if there were some.
    package func lies(within other: TopicPattern) -> Bool {
        var at = 0
        var otherAt = 0
        while otherAt < other.text.count {
            guard at < text.count else { return false }
            let end = text[at...].firstIndex(of: ASCII.slash) ?? text.count
            let otherEnd = other.text[otherAt...].firstIndex(of: ASCII.slash) ?? other.text.count
            if other.text[otherAt] == ASCII.asterisk {
                // `**` is last and takes whatever is left, which is one segment at least.
                if otherEnd - otherAt == 2 { return true }
                if end - at == 2, text[at] == ASCII.asterisk, text[at + 1] == ASCII.asterisk { return false }
            } else if text[at..<end] != other.text[otherAt..<otherEnd] {
                return false
            }
            at = end + 1
            otherAt = otherEnd + 1
        }
        return at == text.count + 1
    }

    /// Whether it covers the topic of that name.
    package func covers(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard isWild else { return text.withUnsafeBufferPointer { $0.isSame(as: name) } }
        var at = 0
        var nameAt = 0
        while at < text.count {
            let segmentEnd = text[at...].firstIndex(of: ASCII.slash) ?? text.count
            guard nameAt < name.count else { return false }
            if text[at] == ASCII.asterisk {
                if segmentEnd - at == 2 { return true }
            }
            let nameEnd = name[nameAt...].firstIndex(of: ASCII.slash) ?? name.count
            if text[at] != ASCII.asterisk {
                guard text[at..<segmentEnd].elementsEqual(name[nameAt..<nameEnd]) else { return false }
            }
            at = segmentEnd + 1
            nameAt = nameEnd + 1
        }
        return nameAt == name.count + 1
    }
}
