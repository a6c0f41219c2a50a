/// The slots of one subscriber.
internal import Glibc

/// One block that `realloc` widens. The C library moves the pages of a large block instead of copying what they hold, so a reader
/// that comes to cover one topic more costs no more when it covers a million. A reader without slots has no block.
struct SlotList: ~Copyable {
    /// The block: a header, then the slots.
    private var block: UnsafeMutableRawPointer?

    private struct Header {
        var count: UInt32
        var capacity: UInt32
    }

    private static let headerByteCount = MemoryLayout<Header>.size
    private static let slotByteCount = MemoryLayout<Subscriber.Slot>.stride

    init() {}

    deinit { free(block) }

    private var header: UnsafeMutablePointer<Header>? { block?.assumingMemoryBound(to: Header.self) }

    private var slots: UnsafeMutablePointer<Subscriber.Slot>? {
        block.map { ($0 + Self.headerByteCount).assumingMemoryBound(to: Subscriber.Slot.self) }
    }

    var count: Int { header.map { Int($0.pointee.count) } ?? 0 }

    /// How many slots there is room for.
    var capacity: Int { header.map { Int($0.pointee.capacity) } ?? 0 }

    subscript(slot: Int) -> Subscriber.Slot {
        @inline(__always) unsafeAddress {
            precondition(slot < count, "the subscriber has no such slot")
            return UnsafePointer(slots.unsafelyUnwrapped + slot)
        }
        @inline(__always) unsafeMutableAddress {
            precondition(slot < count, "the subscriber has no such slot")
            return slots.unsafelyUnwrapped + slot
        }
    }

    mutating func append(_ slot: Subscriber.Slot) {
        let count = self.count
        if count == capacity { grow() }
        slots.unsafelyUnwrapped[count] = slot
        header.unsafelyUnwrapped.pointee.count = UInt32(count + 1)
    }

    mutating func popLast() -> Subscriber.Slot? {
        let count = self.count
        guard count > 0 else { return nil }
        header.unsafelyUnwrapped.pointee.count = UInt32(count - 1)
        return slots.unsafelyUnwrapped[count - 1]
    }

    /// What the allocator hands out anyway: 24 bytes, 56, 120, …
    private mutating func grow() {
        let count = self.count
        let wider = count * 2 + 2
        guard let moved = realloc(block, Self.headerByteCount + wider * Self.slotByteCount) else {
            fatalError("no memory for a subscriber's slots")
        }
        block = moved
        moved.initializeMemory(as: Header.self, to: Header(count: UInt32(count), capacity: UInt32(wider)))
    }
}
