import Primitives

/// What a sequencer tells its loops, with names where it has numbers of topics.
@testable import Broker

struct NumberedEntry: Sendable {
    typealias Event = InboxEntry.Event

    let event: Event
    /// The topic's name; empty for `forgotten` and `lineage`.
    let topic: Payload
    /// Empty where the event has none.
    let payload: Payload
    let sequence: UInt64
    let version: UInt64
    /// How long a value says that it lasts.
    let timeToLive: TimeToLive

    init(
        event: Event, topic: Payload, payload: Payload, sequence: UInt64, version: UInt64,
        timeToLive: TimeToLive = .unsaid
    ) {
        self.event = event
        self.topic = topic
        self.payload = payload
        self.sequence = sequence
        self.version = version
        self.timeToLive = timeToLive
    }
}

/// Reads an inbox as a loop does.
struct NumberedReader {
    private let inbox: Inbox
    private var names = EntryNames()
    private var taken: [InboxEntry] = []

    init(inbox: Inbox) {
        self.inbox = inbox
    }

    /// Appends what waits to `entries`. A reader that lags far behind finds what newer updates replaced left out.
    mutating func take(into entries: inout [NumberedEntry]) {
        inbox.take(into: &taken)
        for entry in taken { entries.append(names.name(entry)) }
        taken.removeAll(keepingCapacity: taken.capacity <= Inbox.minimumCompactionCount)
    }
}

/// The names behind a sequencer's numbers of topics, learned from its entries.
struct EntryNames {
    private static let none = Payload(byteCount: 0) { _ in }
    private var names: [Payload] = []

    mutating func name(_ entry: InboxEntry) -> NumberedEntry {
        if entry.event == .created { learn(entry) }
        let hasTopic = entry.event != .forgotten && entry.event != .lineage && entry.event != .replaced
        let hasPayload =
            switch entry.event {
            case .value, .tombstone, .stale, .lineage: true
            case .created, .trimmed, .purged, .forgotten, .replaced: false
            }
        return NumberedEntry(
            event: entry.event, topic: hasTopic ? names[Int(entry.topic)] : Self.none,
            payload: hasPayload ? entry.payload : Self.none, sequence: entry.sequence, version: entry.version,
            timeToLive: entry.timeToLive)
    }

    private mutating func learn(_ entry: InboxEntry) {
        while names.count <= Int(entry.topic) { names.append(Self.none) }
        names[Int(entry.topic)] = entry.payload
    }
}
