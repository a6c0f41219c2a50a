/// Updates on their way to the sequencer: names and values, checked, not yet numbered.
internal import Primitives

/// Owned by one publisher and used again for its next batch; two growing arrays whatever the number of updates.
///
/// Unchecked, because a buffer holds a pointer: it is the only one to its bytes, and nobody can copy the batch.
package struct UpdateBatch: ~Copyable, @unchecked Sendable {
    struct Entry {
        enum Content {
            case value(byteCount: Int)
            case tombstone
            /// The topic's time may be over, or its value stale: what its deadlines say at the batch's moment.
            case due
        }

        var topicStart: Int
        var topicByteCount: Int
        var content: Content
        var options = UpdateOptions.none
    }

    private(set) var entries: [Entry] = []
    private(set) var text = ByteBuffer()
    /// What some updates demand of their topics, in the order of the updates. They hold before the batch, or nothing of it counts.
    private(set) var conditions: [(update: Int, condition: VersionCondition)] = []
    /// Under which it is published once, however often it comes; nil: each time.
    package var key: PublishKey?

    package init() {}

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }
    package var hasConditions: Bool { !conditions.isEmpty }
    /// Whether it may come to nothing though all of it is right.
    package var isGuarded: Bool { key != nil || hasConditions }
    /// Bytes of names and values held.
    package var byteCount: Int { text.count }

    /// Appends the next value of `topic`. `data` must be one checked JSON value; its line breaks become spaces.
    package mutating func append(
        topic: Span<UInt8>, data: Span<UInt8>, options: UpdateOptions = .none
    ) throws(TopicFailure) {
        try TopicName.check(topic)
        entries.append(
            Entry(
                topicStart: text.count, topicByteCount: topic.count, content: .value(byteCount: data.count),
                options: options))
        text.append(topic)
        text.append(jsonLine: data)
    }

    /// Appends the end of `topic`.
    package mutating func append(
        tombstoneOf topic: Span<UInt8>, options: UpdateOptions = .none
    ) throws(TopicFailure) {
        try TopicName.check(topic)
        entries.append(
            Entry(
                topicStart: text.count, topicByteCount: topic.count, content: .tombstone, options: options))
        text.append(topic)
    }

    /// The update that was appended last counts only if its topic meets the condition.
    package mutating func demand(_ condition: VersionCondition) {
        demand(condition, ofUpdate: count - 1)
    }

    mutating func demand(_ condition: VersionCondition, ofUpdate update: Int) {
        conditions.append((update, condition))
    }

    /// Appends that the topic's deadlines are to be looked at. Its name is one.
    mutating func append(due topic: UnsafeBufferPointer<UInt8>) {
        entries.append(Entry(topicStart: text.count, topicByteCount: topic.count, content: .due))
        text.append(topic)
    }

    /// Appends update number `index` of another batch, whose conditions are known to be met.
    package mutating func append(update index: Int, of other: borrowing UpdateBatch) {
        var entry = other.entries[index]
        let name = other.name(of: entry)
        let data = other.data(of: entry)
        entry.topicStart = text.count
        entries.append(entry)
        text.append(name)
        if let data { text.append(data) }
    }

    /// Appends an entry whose name and value `append(text:)` brings.
    mutating func append(_ entry: Entry) {
        entries.append(entry)
    }

    mutating func append(text more: UnsafeBufferPointer<UInt8>) {
        text.append(more)
    }

    /// The name of an entry's topic. Valid until the batch changes.
    func name(of entry: Entry) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: text.unsafeBytes[entry.topicStart...].prefix(entry.topicByteCount))
    }

    /// The value; nil where the entry has none. Valid until the batch changes.
    func data(of entry: Entry) -> UnsafeBufferPointer<UInt8>? {
        guard case .value(let byteCount) = entry.content else { return nil }
        let start = entry.topicStart + entry.topicByteCount
        return UnsafeBufferPointer(rebasing: text.unsafeBytes[start...].prefix(byteCount))
    }

    /// Calls `body` with the name of each update's topic from update `first` on, in order.
    package func forEachTopic(from first: Int = 0, _ body: (Span<UInt8>) -> Void) {
        for entry in entries[first...] { body(name(of: entry).span) }
    }

    /// Forgets all updates and keeps the memory.
    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        text.removeAll()
        if !conditions.isEmpty { conditions = [] }
        key = nil
    }
}
