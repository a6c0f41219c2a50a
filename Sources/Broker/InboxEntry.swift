/// Something that happened to a topic, in the order in which all loops see it.
package import Primitives

/// 40 bytes: the topic is a number here, which `created` gives a name; `NumberedEntry` explains the events.
package struct InboxEntry: Sendable {
    package typealias Event = NumberedEntry.Event

    /// The line of an update; the name where a topic is created or purged; a lineage's text.
    package let payload: Payload
    package let sequence: UInt64
    package let version: UInt64
    /// When an update was accepted; of no meaning in `forgotten` and `lineage`.
    package let accepted: Instant
    /// The sequencer's number of the topic; 0 for `lineage`.
    package let topic: UInt32
    /// The event, and above it the time to live: one member more, and copies of an entry would no longer be made in registers.
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

    package var event: Event { unsafeBitCast(UInt8(truncatingIfNeeded: packed), to: Event.self) }

    /// How long a value says that it lasts.
    package var timeToLive: TimeToLive { TimeToLive(bits: UInt16(packed >> 16)) }

    /// What is left of a purge for a loop that never saw the topic.
    var forgetting: InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: version, accepted: accepted, topic: topic,
            event: .forgotten)
    }
}
