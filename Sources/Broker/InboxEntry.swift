/// Something that happened to a topic, in the order in which all loops see it.
package import Primitives

/// 40 bytes: the topic is a number here, which `created` gives a name.
package struct InboxEntry: Sendable {
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
        /// What was told before is void: another state holds, and its beginning follows. Always the first entry that an inbox
        /// holds.
        case replaced
    }

    /// The line of an update; the name where a topic is created or purged; a lineage's text.
    package let payload: Payload
    package let sequence: UInt64
    package let version: UInt64
    /// When an update was accepted; of no meaning in `forgotten`, `lineage` and `replaced`.
    package let accepted: Instant
    /// The sequencer's number of the topic; 0 for `lineage` and `replaced`.
    package let topic: UInt32
    /// The event, and above it the time to live, or what a log keeps: one member more, and copies of an entry would no longer be made
    /// in registers.
    private let packed: UInt32

    package init(
        payload: Payload, sequence: UInt64, version: UInt64, accepted: Instant,
        timeToLive: TimeToLive = .unsaid, topic: UInt32, event: Event
    ) {
        self.payload = payload
        self.sequence = sequence
        self.version = version
        self.accepted = accepted
        self.topic = topic
        packed = UInt32(timeToLive.bits) << 16 | UInt32(unsafeBitCast(event, to: UInt8.self))
    }

    /// A topic begins; its log keeps `keptCount` updates, 16,777,215 at most.
    init(
        created name: Payload, keeping keptCount: Int, sequence: UInt64, version: UInt64, accepted: Instant,
        topic: UInt32
    ) {
        payload = name
        self.sequence = sequence
        self.version = version
        self.accepted = accepted
        self.topic = topic
        packed = min(UInt32(clamping: keptCount), 0xFF_FFFF) << 8 | UInt32(Event.created.rawValue)
    }

    package var event: Event { unsafeBitCast(UInt8(truncatingIfNeeded: packed), to: Event.self) }

    /// How long a value says that it lasts.
    package var timeToLive: TimeToLive { TimeToLive(bits: UInt16(packed >> 16)) }

    /// How many updates the log of a topic keeps that begins; 0 where it has none.
    var keptCount: Int { Int(packed >> 8) }

    /// What is left of a purge for a loop that never saw the topic.
    var forgetting: InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: version, accepted: accepted, topic: topic,
            event: .forgotten)
    }
}
