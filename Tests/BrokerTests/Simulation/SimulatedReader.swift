import Primitives

/// A client by the book: it holds what it was sent, drops repeats, and complains of whatever the protocol forbids.
@testable import Broker

struct SimulationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One reader through all its connections.
struct SimulatedReader {
    /// What it may be sent of one topic in this connection, and what it was.
    struct Coverage {
        /// Updates at or before this were presented as held; 0 for a snapshot.
        var presented: UInt64
        /// The index of the first update that it lacks, the snapshot or resume included.
        var start: Int
        /// For logs: the index of the next update.
        var expected: Int
        /// Where the snapshot began of which it left something out; 0 where it did not.
        var leftOut: UInt64 = 0
        /// From here on what is not sent counts as conflated: what changed before it came does not.
        var countStart: Int
        var lastSent: Int?
        var sentCount = 0
        /// The index of the update that it was told is stale.
        var toldIndex: Int?
    }

    struct HandedCursor {
        let epoch: String
        let sequence: UInt64
        /// Where the loop stood; where a poll's answer was cut, the cursor counts on what changed up to there.
        let standing: UInt64
        let isCut: Bool
        let patterns: [NaivePattern]
        var held: [Int: Int]
        var told: [Int: Int]
        /// Of which life of its subscriptions: an unsubscribe begins another.
        let generation: Int
    }

    let name: String
    let budget: Int
    let isOneRound: Bool
    let isPoll: Bool
    let isToldStaleness: Bool
    /// 0: never, 99: nearly always.
    let diligence: Int

    /// What it has asked for and is not carried out yet.
    enum Walk {
        case covering
        case uncovering([NaivePattern])
    }

    var replica = 0
    var id: SubscriberID?
    var walk: Walk?
    /// Whether something that it asked for took more than a step, so that nobody can say what it was spared.
    var hasWalked = false
    var patterns: [NaivePattern] = [] {
        didSet { coversKnown = [:] }
    }
    /// What `patterns` cover, by topic, as far as it was asked.
    private(set) var coversKnown: [Int: Bool] = [:]
    var generation = 0
    /// By topic, the index of the update it holds.
    var held: [Int: Int] = [:]
    /// By topic, the index of the last update that it was told is stale.
    var told: [Int: Int] = [:]
    var coverage: [Int: Coverage] = [:]
    var cursors: [HandedCursor] = []
    /// Where a waiting poll began.
    var waitStart: UInt64?
    /// What a subscribe promised, and the drains since.
    var liveSequence: UInt64?
    var drainsToLive = 0
    /// Of topics that it no longer covers: replaced updates.
    var conflatedBefore: UInt64 = 0
    /// All it ever got, mixed into one number.
    private(set) var digest: UInt64 = 0
    private(set) var receivedCount = 0

    mutating func learnCovers(_ truth: Truth) {
        for topic in truth.topics where coversKnown[topic.number] == nil {
            coversKnown[topic.number] = patterns.contains { $0.covers(topic.name) }
        }
    }

    func covers(_ topic: Truth.Topic) -> Bool {
        coversKnown[topic.number] ?? patterns.contains { $0.covers(topic.name) }
    }

    // MARK: Covering

    /// Learns what it covers from here on; to be called after the replica was asked to subscribe it. `last`: of logs it wanted no
    /// more of what was there when the snapshot began, at `began`.
    mutating func cover(
        _ added: [NaivePattern], after start: UInt64?, last: Int? = nil, began: UInt64? = nil,
        at sequence: UInt64, _ truth: Truth
    ) {
        for topic in truth.topics where coverage[topic.number] == nil && covers(topic) {
            coverage[topic.number] = Coverage(presented: 0, start: 0, expected: 0, countStart: 0)
        }
        for pattern in added where !patterns.contains(pattern) { patterns.append(pattern) }
        for number in truth.topics.indices
        where coverage[number] == nil && added.contains(where: { $0.covers(truth.topics[number].name) }) {
            // After a reset it holds no longer what its older cursors say.
            if start == nil, held.removeValue(forKey: number) != nil { generation += 1 }
            if start == nil { told[number] = nil }
            let begin = truth.topics[number].count(upTo: start ?? 0)
            let index = start == nil ? truth.topics[number].snapshotStart(at: sequence) : begin
            let end = truth.topics[number].count(upTo: sequence)
            coverage[number] = Coverage(
                presented: start ?? 0, start: index, expected: index,
                countStart: index < end ? end - 1 : end)
            guard truth.topics[number].keeps > 0, let began else { continue }
            leaveOut(number, last, upTo: truth.topics[number].count(upTo: began), began, truth)
        }
    }

    /// Whether it did not want an update of a log, in this connection or in one that it goes on from.
    private func hasLeftOut(_ index: Int, of topic: Truth.Topic) -> Bool {
        topic.keeps > 0 && held[topic.number] == nil && index < coverage[topic.number]?.start ?? 0
    }

    /// What had ended when a snapshot began is no part of it, nor is what its reader did not want.
    private mutating func leaveOut(
        _ number: Int, _ last: Int?, upTo end: Int, _ began: UInt64, _ truth: Truth
    ) {
        let hadEnded = end > 0 && truth.topics[number].updates[end - 1].isTombstone
        guard let first = hadEnded ? end : last.map({ end - $0 }), first > coverage[number]?.expected ?? 0
        else { return }
        coverage[number]?.start = first
        coverage[number]?.expected = first
        if !hadEnded { coverage[number]?.leftOut = began }
    }

    mutating func uncover(_ dropped: [NaivePattern], at sequence: UInt64, _ truth: Truth) {
        let before = truth.topics.indices.filter { covers(truth.topics[$0]) }
        patterns.removeAll { dropped.contains($0) }
        generation += 1
        for number in before where !covers(truth.topics[number]) {
            conflatedBefore += replaced(number, at: sequence, truth)
            coverage[number] = nil
            held[number] = nil
            told[number] = nil
        }
    }

    /// Updates of a latest topic that others took the place of, up to `sequence`.
    func replaced(_ number: Int, at sequence: UInt64, _ truth: Truth) -> UInt64 {
        let topic = truth.topics[number]
        guard topic.keeps == 0 else { return 0 }
        let end = topic.count(upTo: sequence)
        let begin = coverage[number]?.countStart ?? 0
        let sentCount = coverage[number]?.sentCount ?? 0
        let isPending = end > 0 && begin < end && (coverage[number]?.lastSent ?? -1) < end - 1
        return UInt64(max(0, end - begin - sentCount - (isPending ? 1 : 0)))
    }

    // MARK: Restarts

    /// The gateway is gone and comes back with `truth`. A log shows nothing that it may lose, but here it does, so that
    /// cursors beyond what survived are seen. What a reader holds of lost updates is therefore taken for the last ones
    /// of their topics that survived, and cursors that count on lost ones are forgotten.
    mutating func loseConnection(_ truth: Truth) {
        (id, waitStart, liveSequence) = (nil, nil, nil)
        walk = nil
        patterns = []
        coverage = [:]
        held = Self.surviving(held, truth)
        told = Self.survivingTold(told, truth)
        cursors.removeAll { $0.sequence <= truth.sequence && $0.standing > truth.sequence }
        for place in cursors.indices {
            cursors[place].held = Self.surviving(cursors[place].held, truth)
            cursors[place].told = Self.survivingTold(cursors[place].told, truth)
        }
    }

    private static func survivingTold(_ told: [Int: Int], _ truth: Truth) -> [Int: Int] {
        told.filter { topic, index in
            guard topic < truth.topics.count else { return false }
            let last = truth.topics[topic].updates.count - 1
            return index < last || index == last && truth.topics[topic].staleSequence != nil
        }
    }

    private static func surviving(_ held: [Int: Int], _ truth: Truth) -> [Int: Int] {
        var left: [Int: Int] = [:]
        for (topic, index) in held where topic < truth.topics.count && !truth.topics[topic].updates.isEmpty {
            left[topic] = min(index, truth.topics[topic].updates.count - 1)
        }
        return left
    }

    // MARK: Receiving

    mutating func receive(
        _ batch: borrowing Batch, from replica: BrokerReplica, _ truth: Truth
    ) throws(SimulationFailure) {
        learnCovers(truth)
        if batch.byteCount > budget, batch.entries.count > 1 {
            throw fault(
                "was sent \(batch.byteCount) bytes in \(batch.entries.count) updates beyond its budget")
        }
        var gapNext: [Int: Int] = [:]
        for gap in batch.gaps { try receive(gap, &gapNext, truth) }
        for entry in batch.entries {
            let line = String(decoding: entry.bytes, as: UTF8.self)
            guard let place = truth.places[line] else { throw fault("got what nobody published: \(line)") }
            try receive(place.topic, place.index, line, truth)
        }
        for notice in batch.staleNotices { try receive(notice: notice.text, truth) }
        if let cursor = batch.cursor {
            try take(cursor, from: replica, isCut: batch.hasMore && isPoll, truth)
        }
    }

    private mutating func receive(
        _ gap: Gap, _ told: inout [Int: Int], _ truth: Truth
    ) throws(SimulationFailure) {
        let number = truth.numbers[gap.topic.text] ?? -1
        guard number >= 0, covers(truth.topics[number]) else {
            throw fault("a gap of what it never asked for")
        }
        let name = truth.topics[number].name
        guard truth.topics[number].keeps > 0 else { throw fault("a gap in \(name), which is no log") }
        guard told.updateValue(0, forKey: number) == nil else { throw fault("a gap in \(name) told twice") }
        let next = truth.topics[number].updates.lastIndex { $0.version == gap.next } ?? -1
        let expected = coverage[number]?.expected ?? 0
        guard next > expected else { throw fault("a gap in \(name) to \(gap.next), where none is") }
        let mayBeginLater =
            hasWalked && (coverage[number].map { $0.presented == 0 && $0.lastSent == nil } ?? true)
        if let missed = gap.missed, missed != UInt64(next - expected), !mayBeginLater {
            throw fault("a gap in \(name): told \(missed) missed, in truth \(next - expected)")
        }
        coverage[number, default: Coverage(presented: 0, start: 0, expected: 0, countStart: 0)].expected =
            next
    }

    private mutating func receive(
        _ number: Int, _ index: Int, _ line: String, _ truth: Truth
    ) throws(SimulationFailure) {
        let topic = truth.topics[number]
        var covered = coverage[number] ?? Coverage(presented: 0, start: 0, expected: 0, countStart: 0)
        if !covers(topic) { throw fault("got \(line), which it does not cover") }
        if topic.updates[index].sequence <= covered.presented {
            throw fault("was sent again what its cursor covers: \(line)")
        }
        if let last = covered.lastSent, last >= index {
            throw fault("versions of \(topic.name) do not rise: \(line) after \(topic.updates[last].version)")
        }
        if topic.keeps > 0, index != covered.expected, !mayBeginLater(covered, at: index) {
            let expected = topic.updates[covered.expected].version
            throw fault("the log \(topic.name) went from \(expected) to \(line) without a gap")
        }
        if topic.updates[index].isTombstone, covered.presented == 0, index < covered.start {
            throw fault("a snapshot told of a tombstone: \(line)")
        }
        covered.lastSent = index
        covered.sentCount += 1
        covered.expected = index + 1
        coverage[number] = covered
        held[number] = max(held[number] ?? 0, index)
        receivedCount += 1
        // The order of different topics depends on slots that were free, and says nothing.
        digest &+= line.utf8.reduce(0) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private mutating func receive(notice: String, _ truth: Truth) throws(SimulationFailure) {
        guard isToldStaleness, let (number, index, sequence) = truth.notices[notice] else {
            throw fault("is told what it did not ask for, or is not so: \(notice)")
        }
        if !covers(truth.topics[number]) { throw fault("is told of what it does not cover: \(notice)") }
        guard held[number] == index || hasLeftOut(index, of: truth.topics[number]) else {
            throw fault(
                "is told \(notice), but holds \(held[number].map { "\($0)" } ?? "nothing") where that is \(index)"
            )
        }
        if sequence <= coverage[number]?.presented ?? 0 {
            throw fault("is told again what its cursor covers: \(notice)")
        }
        if coverage[number]?.toldIndex == index { throw fault("is told twice: \(notice)") }
        coverage[number]?.toldIndex = index
        told[number] = index
    }

    /// Whether it knows that what it holds is stale, where that is so; `cursor`: as of there.
    private func checkKnowsStaleness(
        of number: Int, upTo cursor: UInt64, _ truth: Truth
    ) throws(SimulationFailure) {
        let topic = truth.topics[number]
        guard isToldStaleness, let sequence = topic.staleSequence, sequence <= cursor,
            held[number] == topic.updates.count - 1, told[number] != topic.updates.count - 1
        else { return }
        throw fault("the cursor \(cursor) covers that \(topic.name) is stale, which it was not told")
    }

    private func handed(
        _ cursor: UInt64, _ replica: BrokerReplica, isCut: Bool, _ truth: Truth
    ) -> HandedCursor {
        // Of what it has asked to be dropped the cursor says nothing any more.
        guard case .uncovering(let dropped)? = walk else {
            return HandedCursor(
                epoch: replica.epoch.text, sequence: cursor, standing: replica.sequence, isCut: isCut,
                patterns: patterns, held: held, told: told, generation: generation)
        }
        return HandedCursor(
            epoch: replica.epoch.text, sequence: cursor, standing: replica.sequence, isCut: isCut,
            patterns: patterns.filter { !dropped.contains($0) },
            held: held.filter { !isBeingDropped(truth.topics[$0.key]) },
            told: told.filter { !isBeingDropped(truth.topics[$0.key]) }, generation: -1)
    }

    /// A walk takes a snapshot of a log when it comes there, and begins then with what is kept.
    private func mayBeginLater(_ covered: Coverage, at index: Int) -> Bool {
        hasWalked && covered.presented == 0 && covered.lastSent == nil && index > covered.expected
    }

    private func isBeingDropped(_ topic: Truth.Topic) -> Bool {
        guard case .uncovering(let dropped)? = walk else { return false }
        return !patterns.contains { !dropped.contains($0) && $0.covers(topic.name) }
    }

    /// Takes a cursor: all that it covers must have been sent. The cursor of a poll's answer that was cut says a
    /// little less: what was not sent has changed after it, so that the next poll is sent that.
    private mutating func take(
        _ cursor: UInt64, from replica: BrokerReplica, isCut: Bool, _ truth: Truth
    ) throws(SimulationFailure) {
        for (number, topic) in truth.topics.enumerated() where covers(topic) && !isBeingDropped(topic) {
            let end = topic.count(upTo: cursor)
            if !isPoll, let leftOut = coverage[number]?.leftOut, cursor < leftOut {
                throw fault("whoever resumes from \(cursor) is sent what it left out of \(topic.name)")
            }
            if isCut, end < topic.updates.count { continue }
            try checkKnowsStaleness(of: number, upTo: cursor, truth)
            guard end > 0, (held[number] ?? -1) < end - 1 else { continue }
            // What had ended or was replaced when its snapshot was taken is not owed.
            if held[number] == nil, topic.updates[end - 1].isTombstone || end <= coverage[number]?.start ?? 0
            {
                continue
            }
            // A walk came to it when it had ended, or was kept no more.
            let isLost = topic.keeps > 0 && end <= topic.updates.count - topic.keeps
            let hasPassed = isLost || topic.updates[end...].contains { $0.isTombstone }
            if held[number] == nil, hasWalked, (coverage[number]?.presented ?? 0) == 0, hasPassed { continue }
            let holds = held[number].map { "\(topic.updates[$0].version)" } ?? "nothing"
            throw fault(
                "the cursor \(cursor) covers \(topic.updates[end - 1].line), the reader holds \(holds)")
        }
        if cursor > truth.sequence { throw fault("the cursor \(cursor) is ahead of all updates") }
        digest &+= cursor &* 0x100_0000_01b3
        cursors.append(handed(cursor, replica, isCut: isCut, truth))
        if cursors.count > 40 { cursors.remove(at: cursors.count / 2) }
    }

    /// After everything was drained: it holds the truth, no more and no less.
    func checkHoldsAll(_ truth: Truth) throws(SimulationFailure) {
        for (number, topic) in truth.topics.enumerated() {
            guard covers(topic) else {
                if held[number] != nil { throw fault("holds \(topic.name), which it does not cover") }
                continue
            }
            if topic.isEnded {
                if let index = held[number], !topic.updates[index].isTombstone {
                    throw fault("still holds \(topic.updates[index].line), which ended")
                }
            } else if held[number] != topic.updates.count - 1,
                !hasLeftOut(topic.updates.count - 1, of: topic)
            {
                let holds = held[number].map { topic.updates[$0].line } ?? "nothing"
                throw fault(
                    "holds \(holds) where the latest is \(topic.updates[topic.updates.count - 1].line)")
            }
            try checkKnowsStaleness(of: number, upTo: truth.sequence, truth)
        }
    }

    func fault(_ text: String) -> SimulationFailure { SimulationFailure("\(name): \(text)") }
}
