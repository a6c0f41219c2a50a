/// Something that happened, in the one order that all replicas share, in a form that means the same everywhere.
package import Primitives

/// What a journal keeps, what nodes send each other and what a checkpoint is made of. `NumberedReader` reads entries
/// from a sequencer, `Sequencer.apply(numbered:at:)` applies them to another.
package struct NumberedEntry: Sendable {
    package enum Event: UInt8, Sendable {
        /// A topic begins. `sequence` and `version` are those of its first update.
        case created
        /// Follows `created`: the log keeps no update before `version`; `sequence` is that of the newest it lost.
        case trimmed
        /// `payload` is the update's line.
        case value
        case tombstone
        /// The topic's value has not been followed by another for too long; `payload` is what readers are told.
        case stale
        /// An ended topic is forgotten: nobody can be told any more that it ended. `sequence` is that of its
        /// tombstone, `version` the highest that any forgotten topic had.
        case purged
        /// The same of topics that the receiver never saw.
        case forgotten
        /// From here on another lineage holds; `payload` is its text, `sequence` the present.
        case lineage
    }

    package let event: Event
    /// The topic's name; empty for `forgotten` and `lineage`.
    package let topic: Payload
    /// Empty where the event has none.
    package let payload: Payload
    package let sequence: UInt64
    package let version: UInt64
    /// How long a value says that it lasts.
    package let timeToLive: TimeToLive

    package init(
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

/// Reads an inbox for a consumer other than a loop: a journal, another node.
package struct NumberedReader {
    private let inbox: Inbox
    private var names = EntryNames()
    private var taken: [InboxEntry] = []

    package init(inbox: Inbox) {
        self.inbox = inbox
    }

    /// Appends what waits to `entries`. A reader that lags far behind finds what newer updates replaced left out.
    package mutating func take(into entries: inout [NumberedEntry]) {
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
        let hasTopic = entry.event != .forgotten && entry.event != .lineage
        let hasPayload =
            switch entry.event {
            case .value, .tombstone, .stale, .lineage: true
            case .created, .trimmed, .purged, .forgotten: false
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
