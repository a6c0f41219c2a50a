/// Hands every entry to every loop: the inboxes, and the loops to wake.
internal import Primitives

/// A plain value, guarded by the sequencer's lock.
struct FanOut: EntrySink, ~Copyable {
    private struct Waiting {
        var entries: [InboxEntry] = []
        var isAsleep = false
        /// Nothing comes: what is there is being restored.
        var isHeld: Bool
        /// Beyond this many entries, what newer ones replace is dropped.
        var compactionCount = Inbox.minimumCompactionCount
        let wake: @Sendable () -> Void
    }

    private var inboxes: [Waiting] = []
    /// By topic, how many of its updates a lagging inbox holds: the log's, or one.
    private var rooms: [Int] = []

    // MARK: Posting

    mutating func post(_ entry: InboxEntry) {
        if entry.event == .created { makeRoom(for: entry) }
        for index in inboxes.indices where !inboxes[index].isHeld {
            inboxes[index].entries.append(entry)
            if inboxes[index].entries.count >= inboxes[index].compactionCount { compact(index) }
        }
    }

    private mutating func makeRoom(for entry: InboxEntry) {
        while rooms.count <= Int(entry.topic) { rooms.append(1) }
        rooms[Int(entry.topic)] = max(entry.keptCount, 1)
    }

    /// The wakes of consumers that slept while entries came. The holder of the lock calls them after it has let go.
    mutating func takeWakes() -> [@Sendable () -> Void] {
        var wakes: [@Sendable () -> Void] = []
        for index in inboxes.indices where inboxes[index].isAsleep && !inboxes[index].entries.isEmpty {
            inboxes[index].isAsleep = false
            wakes.append(inboxes[index].wake)
        }
        return wakes
    }

    // MARK: Inboxes

    /// Opens an inbox for what follows and returns its number. One that is held gets nothing before it is released.
    mutating func open(isHeld: Bool = false, wake: @escaping @Sendable () -> Void) -> Int {
        inboxes.append(Waiting(isHeld: isHeld, wake: wake))
        return inboxes.count - 1
    }

    /// From here on those that were held get what follows. Returns their numbers: each is to `begin`.
    mutating func releaseHeld() -> [Int] {
        let held = inboxes.indices.filter { inboxes[$0].isHeld }
        for number in held { inboxes[number].isHeld = false }
        return held
    }

    /// Puts what was before the inbox was opened in front of what has come since. Nobody has taken from it yet.
    mutating func begin(_ number: Int, with beginning: consuming [InboxEntry]) {
        // Where nothing has come since, all inboxes share it until somebody publishes.
        if !inboxes[number].entries.isEmpty { beginning.append(contentsOf: inboxes[number].entries) }
        inboxes[number].compactionCount = max(Inbox.minimumCompactionCount, beginning.count * 2)
        inboxes[number].entries = beginning
    }

    /// Exchanges what waits for `taken`, which comes back filled and goes in empty. A loop that takes is awake, whatever
    /// woke it: it announces its next wait itself.
    mutating func take(_ number: Int, into taken: inout [InboxEntry]) {
        precondition(taken.isEmpty, "the last batch was not applied")
        inboxes[number].isAsleep = false
        swap(&inboxes[number].entries, &taken)
    }

    /// Takes note that the loop waits, unless something waits for it.
    mutating func sleep(_ number: Int) -> Bool {
        inboxes[number].isAsleep = inboxes[number].entries.isEmpty
        return inboxes[number].isAsleep
    }

    private mutating func compact(_ index: Int) {
        let survivors = InboxCompaction.survivors(of: inboxes[index].entries, rooms: rooms)
        inboxes[index].entries = survivors
        inboxes[index].compactionCount = max(Inbox.minimumCompactionCount, survivors.count * 2)
    }
}
