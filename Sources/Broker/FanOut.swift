/// Hands every entry to every loop: the inboxes, and the loops to wake.
internal import Primitives

/// A plain value, guarded by the sequencer's lock.
struct FanOut: EntrySink, ~Copyable {
    private struct Waiting {
        var entries: [InboxEntry] = []
        var isAsleep = false
        var phase: Phase
        /// Beyond this many entries, what newer ones replace is dropped.
        var compactionCount = Inbox.minimumCompactionCount
        let wake: @Sendable () -> Void
    }

    /// How an inbox begins.
    enum Phase {
        /// Nothing comes: what is there is being restored.
        case held
        /// What follows comes, behind a beginning that is being made.
        case beginning
        case begun
    }

    private var inboxes: [Waiting] = []
    /// By topic, how many of its updates a lagging inbox holds: the log's, or one.
    private(set) var rooms: [Int] = []
    /// Counts the states that took the place of another one: a beginning is of the state of its number, and of no later one.
    private(set) var stateNumber = 0

    // MARK: Posting

    mutating func post(_ entry: InboxEntry) {
        if entry.event == .created { makeRoom(for: entry) }
        for index in inboxes.indices where inboxes[index].phase != .held {
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
        for index in inboxes.indices where inboxes[index].isAsleep && hasNews(index) {
            inboxes[index].isAsleep = false
            wakes.append(inboxes[index].wake)
        }
        return wakes
    }

    // MARK: Inboxes

    private func hasNews(_ number: Int) -> Bool {
        inboxes[number].phase == .begun && !inboxes[number].entries.isEmpty
    }

    /// Opens an inbox and returns its number. Nobody gets anything from it before it has begun.
    mutating func open(_ phase: Phase = .beginning, wake: @escaping @Sendable () -> Void) -> Int {
        inboxes.append(Waiting(phase: phase, wake: wake))
        return inboxes.count - 1
    }

    /// From here on those that were held get what follows. Returns their numbers: each is to `begin`.
    mutating func releaseHeld() -> [Int] {
        let held = inboxes.indices.filter { inboxes[$0].phase == .held }
        for number in held { inboxes[number].phase = .beginning }
        return held
    }

    /// Another state holds from here on, whose topics need these rooms. Inboxes that had begun are empty and begin anew. Returns
    /// their numbers: each is to `begin`. Those that are beginning just now are told nothing of the state before.
    mutating func replaceState(rooms: [Int]) -> [Int] {
        stateNumber += 1
        self.rooms = rooms
        var begun: [Int] = []
        for number in inboxes.indices where inboxes[number].phase != .held {
            inboxes[number].entries = []
            guard inboxes[number].phase == .begun else { continue }
            inboxes[number].phase = .beginning
            begun.append(number)
        }
        return begun
    }

    /// Puts what was before the inbox was opened in front of what has come since.
    mutating func begin(_ number: Int, with beginning: consuming [InboxEntry]) {
        // Where nothing has come since, all inboxes share it until somebody publishes.
        if !inboxes[number].entries.isEmpty { beginning.append(contentsOf: inboxes[number].entries) }
        inboxes[number].compactionCount = max(Inbox.minimumCompactionCount, beginning.count * 2)
        inboxes[number].entries = beginning
        inboxes[number].phase = .begun
    }

    /// Exchanges what waits for `taken`, which comes back filled and goes in empty. A loop that takes is awake, whatever
    /// woke it: it announces its next wait itself.
    mutating func take(_ number: Int, into taken: inout [InboxEntry]) {
        precondition(taken.isEmpty, "the last batch was not applied")
        inboxes[number].isAsleep = false
        guard inboxes[number].phase == .begun else { return }
        swap(&inboxes[number].entries, &taken)
    }

    /// Takes note that the loop waits, unless something waits for it.
    mutating func sleep(_ number: Int) -> Bool {
        inboxes[number].isAsleep = !hasNews(number)
        return inboxes[number].isAsleep
    }

    private mutating func compact(_ index: Int) {
        let survivors = InboxCompaction.survivors(of: inboxes[index].entries, rooms: rooms)
        inboxes[index].entries = survivors
        inboxes[index].compactionCount = max(Inbox.minimumCompactionCount, survivors.count * 2)
    }
}
