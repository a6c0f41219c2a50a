/// What a reader is to be sent now: the broker's answer, which front ends wrap in their frames.
package import Primitives

/// Reused from reader to reader; it holds views, not copies.
package struct Batch: ~Copyable {
    /// Encoded updates, in order. Valid until the replica next changes: copy them into frames at once.
    package var updates: [UnsafeBufferPointer<UInt8>] = []
    /// To be told before the updates.
    package var gaps: [Gap] = []
    /// The bytes of all updates.
    package var byteCount = 0
    /// Everything up to this sequence number has been sent once this batch has; nil: nothing can be vouched for.
    package var cursor: UInt64?
    /// Whether marks are left because the budget was used up.
    package var hasMore = false

    package init() {}

    package var isEmpty: Bool { updates.isEmpty && gaps.isEmpty }

    package mutating func removeAll() {
        if !updates.isEmpty { updates.removeAll(keepingCapacity: true) }
        if !gaps.isEmpty { gaps.removeAll(keepingCapacity: true) }
        byteCount = 0
        cursor = nil
        hasMore = false
    }

    mutating func append(_ update: UnsafeBufferPointer<UInt8>) {
        updates.append(update)
        byteCount += update.count
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
