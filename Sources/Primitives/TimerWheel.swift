/// Deadlines of many things at once. Setting, moving or firing one costs O(1) and allocates nothing.
///
/// A hierarchical wheel (Varghese and Lauck 1987): five rings of 64 slots. A slot of the first ring is one
/// millisecond, a slot of each further ring 64 times longer. A token, a small number that its owner chose, has one
/// deadline.
package struct TimerWheel: ~Copyable {
    private struct Node {
        var next: Int32 = -1
        var previous: Int32 = -1
        /// The slot that holds it: ring * 64 + slot; -1 without a deadline.
        var place: Int16 = -1
        var tick: UInt64 = 0
    }

    private static let ringCount = 5
    /// Some 12 days. A later deadline fires then, and its owner, who looks at the clock anyway, sets it again.
    private static let maximumTicks: UInt64 = (1 << 30) - 1

    private let origin: Instant
    private var current: UInt64 = 0
    private var nodes: [Node] = []
    private var heads = [Int32](repeating: -1, count: ringCount * 64)
    /// One bit for each slot of a ring; it is set while the slot holds a token.
    private var occupied = [UInt64](repeating: 0, count: ringCount)

    package init(now: Instant) {
        origin = now
    }

    /// Sets the deadline of `token` and forgets any earlier setting. It fires at the first whole millisecond at or
    /// after `deadline`; a past deadline fires at the next `expire`.
    package mutating func schedule(_ token: UInt32, at deadline: Instant) {
        makeRoom(for: token)
        unlink(Int(token))
        link(Int(token), tick: tick(of: deadline))
    }

    /// Sets the deadline of `token` unless it has an earlier one. An owner whose deadline moved later waits for the
    /// earlier one to fire, looks at the clock and sets it again.
    package mutating func schedule(_ token: UInt32, noLaterThan deadline: Instant) {
        makeRoom(for: token)
        let tick = tick(of: deadline)
        if nodes[Int(token)].place >= 0 {
            guard tick < nodes[Int(token)].tick else { return }
            unlink(Int(token))
        }
        link(Int(token), tick: tick)
    }

    private mutating func makeRoom(for token: UInt32) {
        if nodes.count <= Int(token) {
            nodes.append(contentsOf: repeatElement(Node(), count: Int(token) + 1 - nodes.count))
        }
    }

    /// The first tick at or after `deadline` that has not passed.
    private func tick(of deadline: Instant) -> UInt64 {
        let elapsed =
            deadline.nanoseconds > origin.nanoseconds ? deadline.nanoseconds - origin.nanoseconds : 0
        let tick = elapsed / 1_000_000 + (elapsed % 1_000_000 == 0 ? 0 : 1)
        return min(max(tick, current + 1), current + Self.maximumTicks)
    }

    /// Forgets the deadline of `token`, if there is one.
    package mutating func cancel(_ token: UInt32) {
        if Int(token) < nodes.count { unlink(Int(token)) }
    }

    package func isScheduled(_ token: UInt32) -> Bool {
        Int(token) < nodes.count && nodes[Int(token)].place >= 0
    }

    /// The earliest moment at which `expire` may find something; nil without deadlines.
    package var nextDeadline: Instant? {
        nextTick.map { Instant(nanoseconds: origin.nanoseconds + $0 * 1_000_000) }
    }

    /// Appends to `due` each token whose deadline has come, and forgets that deadline.
    package mutating func expire(now: Instant, into due: inout [UInt32]) {
        guard now > origin else { return }
        let nowTick = (now.nanoseconds - origin.nanoseconds) / 1_000_000
        while let tick = nextTick, tick <= nowTick {
            current = tick
            for ring in stride(from: Self.ringCount - 1, through: 1, by: -1)
            where tick & ((1 << (6 * UInt64(ring))) - 1) == 0 {
                cascade(ring)
            }
            take(slot: Int(tick & 63), into: &due)
        }
        current = max(current, nowTick)
    }

    /// The first tick after `current` at which the wheel reaches an occupied slot of any ring.
    private var nextTick: UInt64? {
        var earliest: UInt64?
        for ring in 0..<Self.ringCount where occupied[ring] != 0 {
            let shift = 6 * UInt64(ring)
            let hand = current >> shift
            let turn = (hand + 1) & 63
            let rotated = turn == 0 ? occupied[ring] : occupied[ring] >> turn | occupied[ring] << (64 - turn)
            let tick = (hand + 1 + UInt64(rotated.trailingZeroBitCount)) << shift
            earliest = min(earliest ?? tick, tick)
        }
        return earliest
    }

    /// Moves the tokens of a coarse slot to finer slots, now that their time is near.
    private mutating func cascade(_ ring: Int) {
        let place = ring * 64 + Int(current >> (6 * UInt64(ring)) & 63)
        var index = heads[place]
        while index >= 0 {
            let next = nodes[Int(index)].next
            let tick = nodes[Int(index)].tick
            unlink(Int(index))
            link(Int(index), tick: tick)
            index = next
        }
    }

    private mutating func take(slot: Int, into due: inout [UInt32]) {
        while heads[slot] >= 0 {
            let index = Int(heads[slot])
            unlink(index)
            due.append(UInt32(index))
        }
    }

    /// Requires `current <= tick <= current + maximumTicks`.
    private mutating func link(_ index: Int, tick: UInt64) {
        let distance = tick - current
        var ring = 0
        while distance >> (6 * UInt64(ring + 1)) != 0 { ring += 1 }
        let slot = Int(tick >> (6 * UInt64(ring)) & 63)
        let place = ring * 64 + slot
        let head = heads[place]
        nodes[index] = Node(next: head, previous: -1, place: Int16(place), tick: tick)
        if head >= 0 { nodes[Int(head)].previous = Int32(index) }
        heads[place] = Int32(index)
        occupied[ring] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ index: Int) {
        let node = nodes[index]
        guard node.place >= 0 else { return }
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if node.previous >= 0 {
            nodes[Int(node.previous)].next = node.next
        } else {
            heads[Int(node.place)] = node.next
            if node.next < 0 { occupied[Int(node.place) >> 6] &= ~(1 << UInt64(node.place & 63)) }
        }
        nodes[index].place = -1
    }
}
