/// What few subscribers need to remember of their slots: where each topic's is, places in logs, versions that they hold.
///
/// It stands beside the subscriber, which has room for no more than a pointer to it: a subscriber that needs no notes has none.
final class SlotNotes {
    /// What a reader is to be sent next of a log.
    enum LogPosition: Equatable {
        /// All from the log's first update on; what it does not keep any more, the reader missed.
        case beginning
        /// The reader lost an unknown number of updates while it was away.
        case unknown
        case version(UInt64)
    }

    private var logPositions: [UInt32: LogPosition] = [:]
    /// Whether the versions that were sent are remembered.
    var remembersHeld = false
    /// Where the last excerpt of logs began; 0: none did.
    var excerptBegan: UInt64 = 0
    /// By slot, the version that the reader was last sent; 0, which no update has, where it was sent none.
    private var heldVersions: [UInt64] = []
    /// Slots that are marked because their topics have grown stale, and for nothing else.
    private var staleMarks: [UInt64] = []
    /// From topics to slots.
    private var table: SegmentedTable<SlotPlace>?

    private struct SlotPlace: TablePlace {
        let slot: UInt32

        static var free: SlotPlace { SlotPlace(slot: .max) }
        var isFree: Bool { slot == .max }
    }

    /// Where the reader stands in the log of a slot's topic; nil: it has no log yet.
    func logPosition(of slot: UInt32) -> LogPosition? { logPositions[slot] }

    func setLogPosition(_ position: LogPosition, of slot: UInt32) {
        logPositions[slot] = position
    }

    /// Takes note of what the reader is sent and returns what it held.
    func exchangeHeld(_ slot: UInt32, for version: UInt64) -> Batch.Held {
        guard remembersHeld else { return .unknown }
        while heldVersions.count <= Int(slot) { heldVersions.append(0) }
        let held = heldVersions[Int(slot)]
        heldVersions[Int(slot)] = version
        return held == 0 ? .nothing : .version(held)
    }

    func markStale(_ slot: UInt32) {
        while staleMarks.count <= Int(slot >> 6) { staleMarks.append(0) }
        staleMarks[Int(slot >> 6)] |= 1 << UInt64(slot & 63)
    }

    func unmarkStale(_ slot: UInt32) {
        if isMarkedStale(slot) { staleMarks[Int(slot >> 6)] &= ~(1 << UInt64(slot & 63)) }
    }

    func isMarkedStale(_ slot: UInt32) -> Bool {
        Int(slot >> 6) < staleMarks.count && staleMarks[Int(slot >> 6)] & (1 << UInt64(slot & 63)) != 0
    }

    // MARK: The table

    func slot(of topic: UInt32, _ slots: borrowing SlotList) -> UInt32? {
        table?.find(Self.hash(topic)) { slots[Int($0.slot)].topic == topic }?.slot
    }

    func tabulate(_ slot: UInt32, _ slots: borrowing SlotList) {
        if table == nil { table = SegmentedTable(placeCount: 128) }
        table?.insert(SlotPlace(slot: slot), hash: Self.hash(slots[Int(slot)].topic)) {
            Self.hash(slots[Int($0.slot)].topic)
        }
    }

    func untabulate(_ slot: UInt32, _ slots: borrowing SlotList) {
        table?.remove(Self.hash(slots[Int(slot)].topic)) {
            Self.hash(slots[Int($0.slot)].topic)
        } _: {
            $0.slot == slot
        }
    }

    /// Spreads the replica's numbers of topics, which nobody chooses (the finalizer of MurmurHash3).
    private static func hash(_ topic: UInt32) -> UInt32 {
        var hash = topic
        hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
        hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
        return hash ^ hash >> 16
    }

    // MARK: Forgetting

    /// Forgets a slot, which may be another topic's next.
    func forget(_ slot: UInt32) {
        if !logPositions.isEmpty { logPositions[slot] = nil }
        if Int(slot) < heldVersions.count { heldVersions[Int(slot)] = 0 }
        unmarkStale(slot)
    }
}
