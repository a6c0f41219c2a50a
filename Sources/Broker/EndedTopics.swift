/// The topics that have ended and are not forgotten yet, in the order of their ends.
internal import Primitives

/// A list through the records themselves: a topic that comes back leaves no trace in it, however often it does.
struct EndedTopics {
    static let none = UInt32.max

    private(set) var oldest = none
    private var newest = none

    /// Adds a topic that has just ended and is not in the list.
    mutating func append(_ topic: UInt32, _ records: inout Slab<Numbering.Record>) {
        records[topic].endedBefore = newest
        records[topic].endedAfter = Self.none
        if newest == Self.none { oldest = topic } else { records[newest].endedAfter = topic }
        newest = topic
    }

    /// Takes out a topic that is in the list.
    mutating func remove(_ topic: UInt32, _ records: inout Slab<Numbering.Record>) {
        let (before, after) = (records[topic].endedBefore, records[topic].endedAfter)
        if before == Self.none { oldest = after } else { records[before].endedAfter = after }
        if after == Self.none { newest = before } else { records[after].endedBefore = before }
    }
}
