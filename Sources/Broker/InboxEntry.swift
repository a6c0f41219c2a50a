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
    package let event: Event

    /// What is left of a purge for a loop that never saw the topic.
    var forgetting: InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: version, accepted: accepted, topic: topic,
            event: .forgotten)
    }
}
