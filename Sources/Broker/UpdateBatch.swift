/// Updates on their way to the sequencer: names and values, checked, not yet numbered.
internal import Primitives

/// Owned by one publisher and used again for its next batch; two growing arrays whatever the number of updates.
package struct UpdateBatch: ~Copyable {
    struct Entry {
        var topicStart: Int
        var topicByteCount: Int
        /// -1: a tombstone.
        var dataByteCount: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var text = ByteBuffer()

    package init() {}

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }
    /// Bytes of names and values held.
    package var byteCount: Int { text.count }

    /// Appends the next value of `topic`. `data` must be one checked JSON value; its line breaks become spaces.
    package mutating func append(topic: Span<UInt8>, data: Span<UInt8>) throws(TopicFailure) {
        try TopicName.check(topic)
        entries.append(Entry(topicStart: text.count, topicByteCount: topic.count, dataByteCount: data.count))
        text.append(topic)
        text.append(jsonLine: data)
    }

    /// Appends the end of `topic`.
    package mutating func append(tombstoneOf topic: Span<UInt8>) throws(TopicFailure) {
        try TopicName.check(topic)
        entries.append(Entry(topicStart: text.count, topicByteCount: topic.count, dataByteCount: -1))
        text.append(topic)
    }

    /// Forgets all updates and keeps the memory.
    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        text.removeAll()
    }
}
