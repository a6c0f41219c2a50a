/// One reader: which topics it covers, and for each a single bit: has it changed since the reader was sent it?
internal import Primitives

/// The number of a subscriber of one replica; used again after it left.
package typealias SubscriberID = UInt32

/// The queue that holds no messages. A topic the reader covers has a *slot*; a change sets the slot's mark.
/// Marks are taken in the order of slots, round after round, so that no topic starves and none is taken twice
/// before all others had their turn.
///
/// What may be vouched for follows from the rounds: all that was marked when a round began has been sent when it
/// ends, so the cursor moves to where the broker stood at the round's beginning. When no mark is left it stands
/// at the present.
struct Subscriber: ~Copyable {
    struct Slot {
        /// The replica's number of the topic; `none` where the slot is free.
        var topic: UInt32
        /// Where the topic's list of subscribers points back to this slot; the highest bit says that the reader
        /// named the topic itself.
        fileprivate var packedLink: UInt32

        static let none = UInt32.max
        fileprivate static let exactBit: UInt32 = 1 << 31

        init(topic: UInt32, link: UInt32) {
            self.topic = topic
            packedLink = link
        }

        var link: UInt32 { packedLink & ~Self.exactBit }
    }

    // What marking touches comes first and fills one line of the processor's cache, 64 bytes: marks fall on subscribers
    // at random, and that line is what they cost. The rest fills the next.

    /// The marks of the first 64 slots; most readers have no more.
    private var firstMarks: UInt64 = 0
    private(set) var markCount: UInt32 = 0
    /// Whether it already stands in the replica's list of readers to look after.
    var isReady = false
    private var states: States = []
    /// `floor`, and `.max` for nil.
    private var storedFloor = UInt64.max
    /// Updates that newer ones replaced before the reader was sent them.
    var conflated: UInt64 = 0
    /// `markedSince`, and `never` for nil.
    private var storedMarkedSince = Instant.never
    private(set) var slots = SlotList()
    /// The marks of the other slots, 64 a word.
    private var moreMarks: [UInt64] = []
    /// What its owner knows it by.
    let owner: ReaderKey

    /// The slot at which the next drain goes on.
    private var storedPosition: UInt32 = 0
    /// Slots from here on came later and wait for the next round: else new topics could keep one from ending.
    private var roundEnd: UInt32 = 0
    /// The number of topics that it named itself, whether or not a pattern covers them too.
    private var storedExactCount: UInt32 = 0
    /// One more than the start of a resume that is under way, modulo 2^32; 0 where none is.
    private var storedStart: UInt32 = 0
    /// Where the broker stood when the present round began.
    var roundSequence: UInt64 = 0
    /// A log that was not drained whole in this round holds the cursor back to here.
    var roundLimit = UInt64.max
    /// Updates that it was sent.
    var delivered: UInt64 = 0
    private var freeSlots: [UInt32] = []
    /// The numbers of its wild patterns.
    var patterns: [UInt32] = []
    /// What only readers of many topics, of logs, and those that asked for it, remember of their slots.
    private var notes: SlotNotes?

    private struct States: OptionSet {
        let rawValue: UInt8
        static let isWalking = States(rawValue: 1)
        static let isPinned = States(rawValue: 2)
        static let isLeaving = States(rawValue: 4)
        static let isOverfull = States(rawValue: 8)
        static let isToldStaleness = States(rawValue: 16)
        static let leavesOut = States(rawValue: 32)
    }

    /// So many slots are searched one by one; readers that have more keep a table of them.
    private static let searchedSlotCount = 64

    init(owner: ReaderKey) {
        self.owner = owner
    }

    var coveredCount: Int { slots.count - freeSlots.count }

    /// Whether what it covers is being changed, step by step.
    var isWalking: Bool {
        get { states.contains(.isWalking) }
        set { set(.isWalking, newValue) }
    }

    /// Whether its cursor stands still: from the beginning of a walk to the end of the round that is under way when it ends.
    var isPinned: Bool {
        get { states.contains(.isPinned) }
        set { set(.isPinned, newValue) }
    }

    /// Whether its owner has let go of it: it is marked no more, and dismantled step by step.
    var isLeaving: Bool {
        get { states.contains(.isLeaving) }
        set { set(.isLeaving, newValue) }
    }

    /// Whether it was to cover more topics than it may: it is given no more, its cursor stands still, and its owner has to
    /// let go of it.
    var isOverfull: Bool {
        get { states.contains(.isOverfull) }
        set { set(.isOverfull, newValue) }
    }

    /// Whether it is told which of its topics are stale.
    var isToldStaleness: Bool {
        get { states.contains(.isToldStaleness) }
        set { set(.isToldStaleness, newValue) }
    }

    private mutating func set(_ state: States, _ isSet: Bool) {
        if isSet { states.insert(state) } else { states.remove(state) }
    }

    /// All up to here has been sent, as long as marks are left; nil while a first snapshot is under way.
    var floor: UInt64? {
        get { storedFloor == .max ? nil : storedFloor }
        set { storedFloor = newValue ?? .max }
    }

    /// When the change was accepted that it has waited for longest; without marks when it was last sent any. Nil as
    /// long as it was sent nothing but a snapshot.
    var markedSince: Instant? {
        get { storedMarkedSince == .never ? nil : storedMarkedSince }
        set { storedMarkedSince = newValue ?? .never }
    }

    var position: Int {
        get { Int(storedPosition) }
        set { storedPosition = UInt32(truncatingIfNeeded: newValue) }
    }

    /// A walk that resumes has begun or ended.
    mutating func resume(after start: UInt64?) {
        storedStart = start.map { UInt32(truncatingIfNeeded: $0 &+ 1) } ?? 0
    }

    /// Whether a resume is under way from before the change of that number. Their distance must be below 2^31.
    func resumes(before sequence: UInt64) -> Bool {
        storedStart != 0 && Int32(bitPattern: UInt32(truncatingIfNeeded: sequence) &- storedStart) >= 0
    }

    var exactCount: Int { Int(storedExactCount) }

    /// What the next slot costs where all others have to move for it, or the pages that they lie in.
    var stepsToGrow: Int {
        slots.count == slots.capacity && freeSlots.isEmpty ? min(slots.count, 65_536) / 128 : 0
    }

    mutating func addSlot(_ slot: Slot) -> UInt32 {
        let number = freeSlots.popLast() ?? UInt32(slots.count)
        if Int(number) < slots.count {
            slots[Int(number)] = slot
        } else {
            slots.append(slot)
            if (moreMarks.count + 1) * 64 < slots.count { moreMarks.append(0) }
            if slots.count == Self.searchedSlotCount + 1 { return tabulate() }
        }
        if slots.count > Self.searchedSlotCount { notes?.tabulate(number, slots) }
        return number
    }

    /// Makes the table of slots and returns the last one's number.
    private mutating func tabulate() -> UInt32 {
        let notes = takeNotes()
        for slot in 0..<slots.count where slots[slot].topic != Slot.none {
            notes.tabulate(UInt32(slot), slots)
        }
        return UInt32(slots.count - 1)
    }

    mutating func removeSlot(_ slot: UInt32) {
        unmark(slot)
        setExact(slot, false)
        if slots.count > Self.searchedSlotCount { notes?.untabulate(slot, slots) }
        slots[Int(slot)].topic = Slot.none
        notes?.forget(slot)
        freeSlots.append(slot)
    }

    /// The slot of a topic that it covers.
    func slot(of topic: UInt32) -> UInt32? {
        if slots.count > Self.searchedSlotCount { return notes?.slot(of: topic, slots) }
        for slot in 0..<slots.count where slots[slot].topic == topic { return UInt32(slot) }
        return nil
    }

    /// Takes out its last slot while it is dismantled; free ones are skipped. Nothing else is asked of it then.
    mutating func popSlot() -> Slot? {
        while let slot = slots.popLast() {
            if slot.topic != Slot.none { return slot }
        }
        return nil
    }

    mutating func setLink(_ link: UInt32, of slot: UInt32) {
        slots[Int(slot)].packedLink = link | slots[Int(slot)].packedLink & Slot.exactBit
    }

    /// Whether the reader named the slot's topic itself.
    func isExact(_ slot: UInt32) -> Bool {
        slots[Int(slot)].packedLink & Slot.exactBit != 0
    }

    mutating func setExact(_ slot: UInt32, _ isExact: Bool) {
        guard isExact != self.isExact(slot) else { return }
        slots[Int(slot)].packedLink ^= Slot.exactBit
        if isExact { storedExactCount += 1 } else { storedExactCount -= 1 }
    }

    // MARK: Notes

    func logPosition(of slot: UInt32) -> SlotNotes.LogPosition? { notes?.logPosition(of: slot) }

    mutating func setLogPosition(_ position: SlotNotes.LogPosition, of slot: UInt32) {
        takeNotes().setLogPosition(position, of: slot)
    }

    /// From here on the versions that it is sent are remembered.
    mutating func rememberHeld() { takeNotes().remembersHeld = true }

    /// Takes note of what the reader is sent and returns what it held.
    @inline(__always) func exchangeHeld(_ slot: UInt32, for version: UInt64) -> Batch.Held {
        notes?.exchangeHeld(slot, for: version) ?? .unknown
    }

    private mutating func takeNotes() -> SlotNotes {
        let taken = notes ?? SlotNotes()
        notes = taken
        return taken
    }

    // MARK: Marks

    /// Sets the mark of a slot whose topic was updated; false when it was set for an update.
    @inline(__always) mutating func mark(_ slot: UInt32) -> Bool {
        if setMark(slot) { return true }
        guard isMarkedStale(slot) else { return false }
        notes?.unmarkStale(slot)
        return true
    }

    /// Sets the mark of a slot whose topic has only grown stale. Where it is set, the reader lacks the update too.
    mutating func markStale(_ slot: UInt32) {
        if setMark(slot) { takeNotes().markStale(slot) }
    }

    /// The reader has been told: where that was all, the mark says nothing any more.
    func forgetStaleMark(_ slot: UInt32) { notes?.unmarkStale(slot) }

    /// Whether the slot is marked for no more than that.
    @inline(__always) func isMarkedStale(_ slot: UInt32) -> Bool {
        isToldStaleness && (notes?.isMarkedStale(slot) ?? false)
    }

    @inline(__always) private mutating func setMark(_ slot: UInt32) -> Bool {
        let bit: UInt64 = 1 << UInt64(slot & 63)
        if slot < 64 {
            if firstMarks & bit != 0 { return false }
            firstMarks |= bit
        } else {
            let word = Int(slot >> 6) - 1
            if moreMarks[word] & bit != 0 { return false }
            moreMarks[word] |= bit
        }
        markCount += 1
        return true
    }

    mutating func unmark(_ slot: UInt32) {
        guard isMarked(slot) else { return }
        let bit: UInt64 = 1 << UInt64(slot & 63)
        if slot < 64 { firstMarks &= ~bit } else { moreMarks[Int(slot >> 6) - 1] &= ~bit }
        markCount -= 1
        // The round ends with the last mark, also where an unsubscribe took it.
        if markCount == 0 { leaveRound() }
    }

    func isMarked(_ slot: UInt32) -> Bool {
        let word = slot < 64 ? firstMarks : moreMarks[Int(slot >> 6) - 1]
        return word & (1 << UInt64(slot & 63)) != 0
    }

    /// The first marked slot at or after `start`.
    func nextMarked(from start: Int) -> UInt32? {
        var word = start >> 6
        guard word <= moreMarks.count else { return nil }
        var bits = (word == 0 ? firstMarks : moreMarks[word - 1]) & (UInt64.max << UInt64(start & 63))
        while bits == 0 {
            guard word < moreMarks.count else { return nil }
            bits = moreMarks[word]
            word += 1
        }
        return UInt32(word * 64 + bits.trailingZeroBitCount)
    }

    /// The next slot whose turn it is in this round.
    func nextInRound() -> UInt32? {
        nextMarked(from: position).flatMap { $0 < roundEnd ? $0 : nil }
    }

    mutating func beginRound(at sequence: UInt64) {
        roundSequence = sequence
        roundLimit = .max
        roundEnd = UInt32(slots.count)
    }

    mutating func endRound() {
        if !isPinned { vouch(for: min(roundSequence, roundLimit)) }
        leaveRound()
    }

    /// Sets the floor, or takes it away where it would stand before updates that the reader left out.
    mutating func vouch(for sequence: UInt64?) {
        let isEarly = leavesOut && sequence.map { $0 < notes?.excerptBegan ?? 0 } ?? false
        floor = isEarly ? nil : sequence
    }

    /// It is sent an excerpt of logs, and no cursor before `sequence` from here on: who resumed from that would be sent what was
    /// left out.
    mutating func leaveOut(before sequence: UInt64) {
        states.insert(.leavesOut)
        let notes = takeNotes()
        notes.excerptBegan = max(notes.excerptBegan, sequence)
    }

    private var leavesOut: Bool { states.contains(.leavesOut) }

    /// The round that was under way when a walk ended does not count: the walk's marks may stand behind it.
    private mutating func leaveRound() {
        position = 0
        if isPinned, !isWalking, !isOverfull { isPinned = false }
    }

    /// What may be vouched for, when all changes up to `sequence` are marked.
    func cursor(at sequence: UInt64) -> UInt64? {
        markCount == 0 && !isPinned ? sequence : floor
    }
}
