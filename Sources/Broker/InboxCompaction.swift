/// What is left of an inbox that nobody empties: it conflates like any queue here.
///
/// Of a topic it holds only what the replica would keep anyway, and nothing of a topic that came and went before the
/// consumer looked. Entries are judged from the newest back.
struct InboxCompaction {
    /// By topic, how many of its updates are kept, and how many have been.
    private let rooms: [Int]
    private var kept: [Int]
    /// By topic, whether the consumer never sees the life of the topic that is being walked through.
    private var isUnseen: [Bool]
    private var hasForgotten = false
    private var hasLineage = false

    static func survivors(of entries: [InboxEntry], rooms: [Int]) -> [InboxEntry] {
        let unseen = purgesOfUnseenTopics(entries, topicCount: rooms.count)
        var compaction = InboxCompaction(rooms: rooms)
        var survivors: [InboxEntry] = []
        for place in entries.indices.reversed() {
            let left = compaction.judge(entries[place], isUnseenPurge: unseen.contains(place))
            if let left { survivors.append(left) }
        }
        survivors.reverse()
        return survivors
    }

    private init(rooms: [Int]) {
        self.rooms = rooms
        kept = [Int](repeating: 0, count: rooms.count)
        isUnseen = [Bool](repeating: false, count: rooms.count)
    }

    /// What is left of the entry; all newer ones have been judged.
    private mutating func judge(_ entry: InboxEntry, isUnseenPurge: Bool) -> InboxEntry? {
        let topic = Int(entry.topic)
        switch entry.event {
        case .created:
            defer { isUnseen[topic] = false }
            return isUnseen[topic] ? nil : entry
        case .trimmed:
            return isUnseen[topic] ? nil : entry
        case .value, .tombstone:
            kept[topic] += 1
            return isUnseen[topic] || kept[topic] > rooms[topic] ? nil : entry
        case .stale:
            // A newer update has ended it.
            return isUnseen[topic] || kept[topic] > 0 ? nil : entry
        case .purged:
            // A topic that was purged and made anew is another one: what came before is judged afresh.
            kept[topic] = 0
            isUnseen[topic] = isUnseenPurge
            return isUnseenPurge ? forget(entry.forgetting) : entry
        case .forgotten:
            return forget(entry)
        case .lineage:
            // The newest is all that counts.
            defer { hasLineage = true }
            return hasLineage ? nil : entry
        case .replaced: return entry
        }
    }

    /// The newest says all that those before it said.
    private mutating func forget(_ entry: InboxEntry) -> InboxEntry? {
        defer { hasForgotten = true }
        return hasForgotten ? nil : entry
    }

    /// The places of the purges of topics that were created among the same entries: the consumer saw nothing of
    /// them, so it need not hear that they were.
    private static func purgesOfUnseenTopics(_ entries: [InboxEntry], topicCount: Int) -> Set<Int> {
        var isCreatedHere = [Bool](repeating: false, count: topicCount)
        var places = Set<Int>()
        for (place, entry) in entries.enumerated() {
            if entry.event == .created { isCreatedHere[Int(entry.topic)] = true }
            guard entry.event == .purged else { continue }
            if isCreatedHere[Int(entry.topic)] { places.insert(place) }
            isCreatedHere[Int(entry.topic)] = false
        }
        return places
    }
}
