/// What a reader covers and holds, and all that the protocol forbids to send it.
import Primitives

struct Holding {
    /// What it may be sent of one topic in this connection, and what it was.
    struct Coverage {
        /// Updates at or before this were presented as held; 0 for a snapshot.
        var presented: UInt64 = 0
        /// Where what it is sent may begin: known by bounds, for the moment at which the gateway took the subscription is.
        var low = 0
        var high = 0
        /// How many of the updates of a log it wanted that were there; nil: all.
        var last: Int?
        /// It left something out of what was there up to here, or later; 0: nothing.
        var leftOut: UInt64 = 0
        /// For logs: the index of the next update; -1 until the first has come.
        var expected = -1
        var lastSent = -1
        /// The turn in which it was last sent one.
        var lastTurn: Instant?
        /// Whether what it holds came with a cursor from before: where marks lag, a change is sent before it is marked everywhere.
        var isAhead = false
    }

    /// A cursor with what its holder held when it was handed out.
    struct HandedCursor {
        let generation: Int
        let place: CursorPlace
        let mask: UInt64
        let held: [Int32]

        var covered: UInt64 { place.covered }
    }

    private(set) var mask: UInt64 = 0
    private(set) var coverage: [Coverage?]
    /// By topic, the index of the update that it holds; -1 for none.
    var held: [Int32]
    private(set) var lastCursor: UInt64?
    /// Whether the last subscription goes on from a cursor.
    private(set) var isResumed = false

    init() {
        let count = Universe.standard.names.count
        coverage = Array(repeating: nil, count: count)
        held = Array(repeating: -1, count: count)
    }

    func covers(_ topic: Int) -> Bool { mask & Universe.standard.names[topic].mask != 0 }

    var coversLogs: Bool {
        Universe.standard.names.contains { $0.keeps > 0 && $0.mask & mask != 0 }
    }

    // MARK: Covering

    /// The connection is another one: what is held stays, what is covered does not.
    mutating func reconnect() {
        for topic in coverage.indices { coverage[topic] = nil }
        mask = 0
        lastCursor = nil
    }

    /// Covers `added` from here on. `asked` is where the truth stood when the question was sent; of logs no more than the `last`
    /// updates were wanted of what was there then.
    mutating func cover(
        _ added: UInt64, after start: HandedCursor?, last: Int? = nil, asked: UInt64, _ truth: Truth
    ) {
        for (number, topic) in truth.topics.enumerated()
        where coverage[number] == nil && topic.mask & added != 0 {
            var cover = Coverage()
            if let start {
                cover.presented = start.place.sequence
                cover.low = topic.count(upTo: start.place.sequence)
                cover.high = cover.low
                // A life that had ended when the snapshot began is not owed.
                if let began = start.place.snapshotBegan, topic.keeps > 0 || topic.hasEnded(at: began) {
                    cover.high = max(cover.low, topic.snapshotStart(at: began))
                }
                held[number] = start.held[number]
            } else {
                held[number] = -1
                cover.low = topic.snapshotStart(at: asked)
                cover.high = Self.unknown
            }
            if let last, topic.keeps > 0 {
                let began = start?.place.snapshotBegan ?? asked
                cover.last = last
                let first = topic.count(upTo: began) - last
                if first > max(cover.low, topic.snapshotStart(at: began)) { cover.leftOut = began }
                cover.low = max(cover.low, first)
                cover.high = max(cover.low, cover.high)
            }
            if topic.keeps > 0, cover.low == cover.high { cover.expected = cover.low }
            coverage[number] = cover
        }
        mask |= added
        isResumed = start != nil
    }

    /// All that was asked for is live: by now each topic's snapshot was taken.
    mutating func becomeLive(_ truth: Truth) {
        for (number, topic) in truth.topics.enumerated() where coverage[number]?.high == Self.unknown {
            let last = coverage[number]?.last
            coverage[number]?.high = max(
                topic.snapshotStart(at: truth.sequence), last.map { topic.updates.count - $0 } ?? 0)
        }
    }

    /// Whether it did not want the latest update of a log, nor any before.
    private func hasLeftOut(_ number: Int, _ topic: Truth.Topic) -> Bool {
        topic.keeps > 0 && held[number] < 0 && topic.updates.count <= coverage[number]?.high ?? 0
    }

    /// The gateway takes a topic's snapshot when it comes to the topic, some time before it says "live".
    private static let unknown = Int.max / 2

    mutating func uncover(_ dropped: UInt64) {
        mask &= ~dropped
        // What it had not been sent may have been of these topics alone; then no message comes to carry the next cursor.
        lastCursor = nil
        for number in coverage.indices where !covers(number) {
            coverage[number] = nil
            held[number] = -1
        }
    }

    /// Forgets what was sent when: the pace begins anew.
    mutating func forgetTurns() {
        for number in coverage.indices { coverage[number]?.lastTurn = nil }
    }

    /// Takes note that an update was sent in the turn that began at `turn`; returns the turn of the one before.
    mutating func noteTurn(_ topic: Int, _ turn: Instant) -> Instant? {
        let last = coverage[topic]?.lastTurn
        coverage[topic]?.lastTurn = turn
        return last
    }

    // MARK: Receiving

    mutating func receive(_ number: Int, _ index: Int, _ truth: Truth) throws(SimulationFailure) {
        let topic = truth.topics[number]
        func line() -> String { topic.updates[index].payload.text }
        guard covers(number), var cover = coverage[number] else {
            throw SimulationFailure("was sent what it does not cover: \(line())")
        }
        if topic.updates[index].sequence <= cover.presented {
            throw SimulationFailure("was sent again what its cursor covers: \(line())")
        }
        if cover.lastSent >= index {
            let last = topic.updates[cover.lastSent].version
            throw SimulationFailure("versions do not rise: \(line()) after \(last)")
        }
        if index < cover.low { throw SimulationFailure("was sent what had passed: \(line())") }
        if topic.keeps > 0 {
            let isNext = cover.expected >= 0 ? index == cover.expected : index <= cover.high
            if !isNext {
                throw SimulationFailure(
                    "a log went from \(cover.expected) to \(index) without a gap: \(line())")
            }
            cover.expected = index + 1
        }
        // A new life has a place of its own in the round.
        if cover.lastSent >= 0, topic.updates[cover.lastSent].isTombstone { cover.lastTurn = nil }
        cover.lastSent = index
        coverage[number] = cover
        held[number] = max(held[number], Int32(index))
    }

    mutating func receive(
        gapOf number: Int, next: UInt64, missed: UInt64?, _ truth: Truth
    ) throws(SimulationFailure) {
        let topic = truth.topics[number]
        let name = Universe.standard.names[number].text
        guard covers(number), let cover = coverage[number], topic.keeps > 0 else {
            throw SimulationFailure("was told a gap of \(name), which it does not cover or is no log")
        }
        guard let index = topic.updates.lastIndex(where: { $0.version == next }) else {
            throw SimulationFailure("was told a gap of \(name) to \(next), which nobody published")
        }
        var low = cover.low
        if cover.expected >= 0 { low = cover.expected }
        let high = cover.expected >= 0 ? cover.expected : cover.high
        guard index > low else {
            throw SimulationFailure("was told a gap of \(name) to \(next), where none is")
        }
        if let missed, !(low...high).contains(index - Int(clamping: missed)) {
            throw SimulationFailure("was told a gap of \(missed) in \(name), in truth \(index - low)")
        }
        coverage[number]?.expected = index
    }

    /// Takes a cursor: all that it covers must have been sent. `isCut`: what was not sent has changed after it, so that
    /// whoever presents it is sent that.
    mutating func take(
        _ place: CursorPlace, isCut: Bool = false, generation: Int, _ truth: Truth
    ) throws(SimulationFailure) -> HandedCursor {
        let cursor = place.sequence
        if cursor > truth.sequence {
            throw SimulationFailure("was handed the cursor \(cursor), ahead of all updates")
        }
        for (number, topic) in truth.topics.enumerated() where topic.mask & mask != 0 {
            if place.snapshotBegan == nil, let leftOut = coverage[number]?.leftOut, cursor < leftOut {
                throw SimulationFailure(
                    "the cursor \(cursor) leads back to what was left out up to \(leftOut)")
            }
            let end = topic.count(upTo: cursor)
            coverage[number]?.isAhead = held[number] >= end
            if held[number] >= 0, topic.updates[Int(held[number])].sequence > place.reach {
                throw SimulationFailure(
                    "holds \(topic.updates[Int(held[number])].payload.text), and its cursor says \(place.text)"
                )
            }
            guard end > 0, held[number] < end - 1 else { continue }
            if isCut, end < topic.updates.count { continue }
            // It is told nothing that it has not said itself: what it did not hold then is on its way.
            if let presented = coverage[number]?.presented, cursor <= presented { continue }
            // What had ended or was replaced when its snapshot was taken is not owed.
            if held[number] < 0,
                topic.updates[end - 1].isTombstone || end <= coverage[number]?.high ?? 0
            {
                continue
            }
            let holds = held[number] < 0 ? "nothing" : "\(topic.updates[Int(held[number])].version)"
            let line = topic.updates[end - 1].payload.text
            throw SimulationFailure("the cursor \(cursor) covers \(line), the reader holds \(holds)")
        }
        lastCursor = cursor
        return HandedCursor(
            generation: generation, place: place, mask: mask, held: held)
    }

    // MARK: Quiet

    /// Whether it lacks the latest value of something that it covers.
    func lacksSomething(_ truth: Truth) -> Bool {
        for (number, topic) in truth.topics.enumerated() where topic.mask & mask != 0 {
            if held[number] < topic.updates.count - 1, !(held[number] < 0 && topic.isEnded),
                !hasLeftOut(number, topic)
            {
                return true
            }
        }
        return false
    }

    /// After all was read: it holds the truth, no more and no less, and its cursor says so.
    func checkHoldsAll(_ truth: Truth, mayBeAhead: Bool) throws(SimulationFailure) {
        for (number, topic) in truth.topics.enumerated() {
            guard covers(number) else { continue }
            let latest = topic.updates.count - 1
            if held[number] < 0, topic.isEnded { continue }
            if Int(held[number]) != latest, !hasLeftOut(number, topic) {
                let holds = held[number] < 0 ? "nothing" : topic.updates[Int(held[number])].payload.text
                throw SimulationFailure(
                    "all is quiet, and it holds \(holds) where the latest is \(topic.updates[latest].payload.text)"
                )
            }
            if let lastCursor, topic.updates[latest].sequence > lastCursor,
                !(mayBeAhead && coverage[number]?.isAhead ?? false)
            {
                throw SimulationFailure(
                    "all is quiet, and its cursor \(lastCursor) does not cover \(topic.updates[latest].payload.text)"
                )
            }
        }
    }

    /// What it holds of what it covers, mixed into one number: the values, not the times, and not that something ended, which
    /// only those know who were there.
    func digest(_ truth: Truth) -> UInt64 {
        var digest: UInt64 = mask
        for (number, topic) in truth.topics.enumerated() where covers(number) && held[number] >= 0 {
            let update = topic.updates[Int(held[number])]
            if update.isTombstone { continue }
            digest = (digest ^ UInt64(number)) &* 0x100_0000_01b3
            digest = (digest ^ update.version) &* 0x100_0000_01b3
        }
        return digest
    }
}
