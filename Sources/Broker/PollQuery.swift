/// What a poll lacks: found a few topics at a time, answered oldest change first.
internal import Primitives

/// Because an answer goes by age, one that is cut by its budget still ends in a cursor: its last update's. Whatever was not
/// sent has changed after it and comes with the next answer. So a question looks for no more than one answer's worth, from
/// the cursor on.
///
/// An object, because it is handed about for every poll, and copies of so much cost more than most answers.
package final class PollQuery {
    let patterns: [TopicPattern]
    let byteBudget: Int
    /// Whether it asks which topics are stale.
    let tellsStaleness: Bool
    /// What changed up to here is held; nil: nothing is.
    private(set) var start: UInt64?
    /// Where the snapshot began of which this is a part; nil where it is none.
    private(set) var snapshotBegan: UInt64?
    /// What is wanted of each log, where that is less than all.
    private(set) var excerpt: Excerpt?
    var way: Way?
    /// Topics that the poll lacks, with the sequence number of the change that was seen, oldest first once they are whole.
    var found: [Found] = []
    var byteCount = 0
    /// Topics with a log that has something for the poll.
    var logs: Set<UInt32> = []
    /// Whether there was no room for more, so that only what changed up to the last one found is known.
    var isCut = false
    /// Topics that are stale, in the order in which they became so.
    var stale: [StaleTopic] = []
    private var staleByteCount = 0

    struct Found {
        let topic: UInt32
        let sequence: UInt64
    }

    /// How far the changes have been gone through, by kind.
    struct Positions {
        var logs: UInt64
        var stale: UInt64
        var latest: UInt64
    }

    /// How the topics are found.
    enum Way {
        /// All changes, from the oldest after the start: those of topics with a log, then the others'.
        case changes(covered: PatternSet, upTo: Positions)
        /// The patterns cover so few topics that each is looked at.
        case topics
    }

    init(
        of patterns: [TopicPattern], after start: UInt64?, snapshotBegan: UInt64?, excerpt: Excerpt?,
        tellingStaleness: Bool, byteBudget: Int
    ) {
        self.patterns = patterns
        tellsStaleness = tellingStaleness
        self.byteBudget = byteBudget
        self.start = start
        self.snapshotBegan = snapshotBegan
        self.excerpt = excerpt
    }

    /// What it does not hold and has ended up to here, it need not be told.
    var covered: UInt64? { start.map { max($0, snapshotBegan ?? 0) } }

    /// Forgets what was found: the cursor can be honoured no more.
    func beginAnew(at sequence: UInt64) {
        start = nil
        snapshotBegan = sequence
        excerpt = nil
        way = nil
        found = []
        byteCount = 0
        logs = []
        isCut = false
        stale = []
        staleByteCount = 0
    }

    func append(_ found: StaleTopic) {
        stale.append(found)
        staleByteCount += found.notice.byteCount
    }

    /// Whether an answer is full of these.
    var isStaleCut: Bool { staleByteCount > byteBudget }

    /// What has been found takes so many bytes.
    package var heldByteCount: Int {
        found.capacity * MemoryLayout<Found>.stride + logs.capacity * 8
            + stale.capacity * MemoryLayout<StaleTopic>.stride
    }

    /// Whether the cursor was honoured; false without one.
    package var isResumed: Bool { start != nil }
}

/// Several patterns, asked together.
struct PatternSet {
    private enum Form {
        case few([TopicPattern])
        case many(PatternIndex)
    }

    private let form: Form

    init(_ patterns: [TopicPattern]) {
        guard patterns.count > 8 else {
            form = .few(patterns)
            return
        }
        var index = PatternIndex()
        for pattern in Set(patterns) { _ = index.add(0, to: pattern) }
        form = .many(index)
    }

    func covers(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        switch form {
        case .few(let patterns): return patterns.contains { $0.covers(name) }
        case .many(let index):
            var matched: [UInt32] = []
            index.match(name, into: &matched)
            return !matched.isEmpty
        }
    }
}
