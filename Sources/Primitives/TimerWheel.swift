/// Deadlines of many things at once. Setting, moving or firing one costs O(1).
///
/// A hashed wheel (Varghese and Lauck 1987, scheme 6): one ring of slots, each a tick long. What is due beyond the ring's
/// end stands in its last slot, and is looked at once a round. No step moves more than one token, so that `expire`
/// can stop after any number of them. A token, a small number that its owner chose, has one deadline.
package struct TimerWheel: ~Copyable {
    private struct Node {
        var next: Int32 = -1
        var previous: Int32 = -1
        /// The slot that holds it; -1 without a deadline.
        var slot: Int16 = -1
        var tick: UInt64 = 0
    }

    /// As many as the bits of two levels of words.
    private static var slotCount: Int { 64 * 64 }
    /// Nodes come by so many: growing moves none.
    private static var chunkShift: Int { 10 }

    private let origin: Instant
    /// Nanoseconds.
    private let tickLength: UInt64
    private var current: UInt64 = 0
    private var nodes: [[Node]] = []
    private var heads = [Int32](repeating: -1, count: slotCount)
    /// One bit for each slot, which is set while it holds a token; and one for each word of these that is not zero.
    private var occupied = [UInt64](repeating: 0, count: 64)
    private var occupiedWords: UInt64 = 0

    /// - Parameter tick: how exact deadlines are. One that is more than 4,095 ticks away is looked at from time to time.
    package init(now: Instant, tick: Interval = Interval(milliseconds: 1)) {
        origin = now
        tickLength = tick.nanoseconds
    }

    /// Sets the deadline of `token` and forgets any earlier setting. It fires at the first whole tick at or after
    /// `deadline`; a past deadline fires at the next tick.
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
        if self[Int(token)].slot >= 0 {
            guard tick < self[Int(token)].tick else { return }
            unlink(Int(token))
        }
        link(Int(token), tick: tick)
    }

    /// Forgets the deadline of `token`, if there is one.
    package mutating func cancel(_ token: UInt32) {
        if hasRoom(for: token) { unlink(Int(token)) }
    }

    package func isScheduled(_ token: UInt32) -> Bool {
        hasRoom(for: token) && self[Int(token)].slot >= 0
    }

    /// The earliest moment at which `expire` may find something; nil without deadlines.
    package var nextDeadline: Instant? {
        nextTick.map { Instant(nanoseconds: origin.nanoseconds + $0 * tickLength) }
    }

    /// Appends to `due` tokens whose deadline has come, and forgets those deadlines. It looks at `limit` tokens at most:
    /// where more may be due, `nextDeadline` is not after `now`.
    package mutating func expire(now: Instant, limit: Int = .max, into due: inout [UInt32]) {
        guard now > origin else { return }
        let nowTick = (now.nanoseconds - origin.nanoseconds) / tickLength
        // After a whole round and more each slot is looked at once, not once for each round.
        let round = UInt64(Self.slotCount - 1)
        if nowTick > current + round { current = nowTick - round }
        var left = limit
        while let tick = nextTick, tick <= nowTick {
            current = tick
            while let index = first(in: slot(of: tick)) {
                guard left > 0 else { return }
                left -= 1
                unlink(index)
                if self[index].tick <= tick {
                    due.append(UInt32(index))
                } else {
                    link(index, tick: self[index].tick)
                }
            }
        }
        current = max(current, nowTick)
    }

    /// The first tick from `current` on whose slot holds something.
    private var nextTick: UInt64? {
        guard occupiedWords != 0 else { return nil }
        let here = slot(of: current)
        let rest = occupied[here >> 6] >> UInt64(here & 63)
        if rest != 0 { return current + UInt64(rest.trailingZeroBitCount) }
        // The word at hand comes up last again, with the slots before `here`.
        let turn = UInt64((here >> 6) + 1) & 63
        let words = turn == 0 ? occupiedWords : occupiedWords >> turn | occupiedWords << (64 - turn)
        let word = (Int(turn) + words.trailingZeroBitCount) & 63
        let slot = word * 64 + occupied[word].trailingZeroBitCount
        return current + UInt64((slot - here) & (Self.slotCount - 1))
    }

    // MARK: Nodes

    private subscript(index: Int) -> Node {
        get { nodes[index >> Self.chunkShift][index & (1 << Self.chunkShift - 1)] }
        _modify { yield &nodes[index >> Self.chunkShift][index & (1 << Self.chunkShift - 1)] }
    }

    private func hasRoom(for token: UInt32) -> Bool { Int(token) >> Self.chunkShift < nodes.count }

    private mutating func makeRoom(for token: UInt32) {
        while !hasRoom(for: token) {
            nodes.append([Node](repeating: Node(), count: 1 << Self.chunkShift))
        }
    }

    // MARK: Slots

    /// The first tick at or after `deadline` that has not passed.
    private func tick(of deadline: Instant) -> UInt64 {
        let elapsed =
            deadline.nanoseconds > origin.nanoseconds ? deadline.nanoseconds - origin.nanoseconds : 0
        let tick = elapsed / tickLength + (elapsed % tickLength == 0 ? 0 : 1)
        return max(tick, current + 1)
    }

    private func slot(of tick: UInt64) -> Int { Int(tick & UInt64(Self.slotCount - 1)) }

    private func first(in slot: Int) -> Int? {
        let head = heads[slot]
        return head < 0 ? nil : Int(head)
    }

    /// Requires `tick > current`.
    private mutating func link(_ index: Int, tick: UInt64) {
        let slot = slot(of: min(tick, current + UInt64(Self.slotCount - 1)))
        let head = heads[slot]
        self[index] = Node(next: head, previous: -1, slot: Int16(slot), tick: tick)
        if head >= 0 { self[Int(head)].previous = Int32(index) }
        heads[slot] = Int32(index)
        occupied[slot >> 6] |= 1 << UInt64(slot & 63)
        occupiedWords |= 1 << UInt64(slot >> 6)
    }

    private mutating func unlink(_ index: Int) {
        let node = self[index]
        guard node.slot >= 0 else { return }
        self[index].slot = -1
        if node.next >= 0 { self[Int(node.next)].previous = node.previous }
        if node.previous >= 0 {
            self[Int(node.previous)].next = node.next
            return
        }
        let slot = Int(node.slot)
        heads[slot] = node.next
        guard node.next < 0 else { return }
        occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
        if occupied[slot >> 6] == 0 { occupiedWords &= ~(1 << UInt64(slot >> 6)) }
    }
}
