/// The state as it is at one moment, taken down a few topics at a time while updates go on.

/// What changes before the walk has come to it is preserved as it was. A topic that is not there at that moment is left out. While
/// nobody walks, an update pays for the question whether somebody does.
struct StateWalk {
    /// The next place to look at; those from `limit` on hold nothing of that moment.
    private(set) var place: UInt32 = 0
    let limit: UInt32
    /// One bit for each place: preserved already, or to be left out.
    private var isDone: [UInt64]
    private var preserved: [TopicState] = []

    init(limit: Int) {
        self.limit = UInt32(limit)
        isDone = [UInt64](repeating: 0, count: (limit + 63) / 64)
    }

    /// Whether the walk is still to see the topic.
    func isAhead(_ topic: UInt32) -> Bool {
        topic >= place && topic < limit && isDone[Int(topic >> 6)] & (1 << UInt64(topic & 63)) == 0
    }

    /// Takes down a topic that is ahead; nil: it was not there at that moment.
    mutating func preserve(_ topic: UInt32, _ state: TopicState?) {
        if let state { preserved.append(state) }
        isDone[Int(topic >> 6)] |= 1 << UInt64(topic & 63)
    }

    /// The next place to take down; nil at the end, or where the portion that ends at `end` does.
    mutating func next(before end: UInt32) -> UInt32? {
        while place < min(limit, end) {
            defer { place += 1 }
            if isAhead(place) { return place }
        }
        return nil
    }

    mutating func takePreserved() -> [TopicState] {
        defer { preserved = [] }
        return preserved
    }

    var isOver: Bool { place >= limit && preserved.isEmpty }
}

extension Numbering {
    /// Begins to take down the state of this moment; only one walk is under way.
    mutating func beginStateWalk() -> OrderState {
        stateWalk = StateWalk(limit: records.limit)
        return orderState
    }

    /// The topics of the next `count` places, and those that changed since the last portion. Nil: that was all.
    mutating func takeStates(_ count: Int) -> [TopicState]? {
        guard var walk = stateWalk.take() else { return nil }
        var states = walk.takePreserved()
        let end = walk.place + UInt32(count)
        while let topic = walk.next(before: end) {
            if records.contains(topic), let state = state(of: topic) { states.append(state) }
        }
        if walk.isOver, states.isEmpty { return nil }
        stateWalk = walk
        return states
    }

    /// The topic is about to change or to go, or has its first update.
    mutating func preserve(_ topic: UInt32) {
        guard stateWalk?.isAhead(topic) == true else { return }
        let state = state(of: topic)
        stateWalk?.preserve(topic, state)
    }
}
