/// What a reader is to be sent now: the broker's answer, which front ends wrap in their frames.
package import Primitives

/// Reused from reader to reader; it holds views, not copies.
package struct Batch: ~Copyable {
    /// One update of one topic.
    package struct Entry {
        /// The encoded line. Valid until the replica next changes: it is to be copied into a frame at once.
        package let bytes: UnsafeBufferPointer<UInt8>
        package let version: UInt64
        /// What the reader held of this topic before.
        package let held: Held
        package let topic: TopicID

        package init(
            topic: TopicID, version: UInt64, bytes: UnsafeBufferPointer<UInt8>, held: Held = .unknown
        ) {
            self.topic = topic
            self.version = version
            self.bytes = bytes
            self.held = held
        }
    }

    /// What a reader was last sent of a topic, as long as it has covered it.
    package enum Held: Sendable, Equatable {
        /// Nobody remembers: the reader did not ask for it, or it is a poll's or a listing's.
        case unknown
        /// It was sent nothing yet.
        case nothing
        case version(UInt64)
    }

    /// Updates, in the order in which they are to be sent.
    package var entries: [Entry] = []
    /// To be told before the updates.
    package var gaps: [Gap] = []
    /// To be told after the updates: members of an object, `"topic":…,"since":…`.
    package var staleNotices: [Payload] = []
    /// The bytes of all updates and notices.
    package var byteCount = 0
    /// Everything up to this sequence number has been sent once this batch has; nil: nothing can be vouched for.
    package var cursor: UInt64?
    /// In the middle of a poll's snapshot, where it began.
    package var snapshotBegan: UInt64?
    /// And how many of the updates that a log keeps it shows; nil: all.
    package var snapshotLast: Int?
    /// Whether marks are left because the budget was used up.
    package var hasMore = false

    package init() {}

    /// The same right behind the updates: nil where notices follow, which it covers too.
    package var cursorOfUpdates: UInt64? { staleNotices.isEmpty ? cursor : nil }

    package var isEmpty: Bool { entries.isEmpty && gaps.isEmpty && staleNotices.isEmpty }

    package mutating func removeAll() {
        if !entries.isEmpty { entries.removeAll(keepingCapacity: true) }
        if !gaps.isEmpty { gaps.removeAll(keepingCapacity: true) }
        if !staleNotices.isEmpty { staleNotices.removeAll(keepingCapacity: true) }
        byteCount = 0
        cursor = nil
        snapshotBegan = nil
        snapshotLast = nil
        hasMore = false
    }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        byteCount += entry.bytes.count
    }

    mutating func append(staleNotice notice: Payload) {
        staleNotices.append(notice)
        byteCount += notice.byteCount
    }
}

/// A reader of a `log` topic fell behind what is kept.
package struct Gap: Sendable {
    package let topic: Payload
    /// The version of the oldest update that it can still have.
    package let next: UInt64
    /// How many it can't, where that is known.
    package let missed: UInt64?
}
