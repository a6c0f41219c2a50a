/// Something that happened to a topic, in the order in which all loops see it.
package import Primitives

package struct InboxEntry: Sendable {
    package enum Event: UInt8, Sendable {
        /// `payload` is the name; `sequence` and `version` are those of its first update.
        case created
        case value
        case tombstone
        /// Forgotten: nobody can be told any more that it ended.
        case purged
        /// Only the sequence number is left of the purge of a topic that this loop never saw.
        case forgotten
    }

    package let payload: Payload
    package let sequence: UInt64
    package let version: UInt64
    /// When it was accepted.
    package let accepted: Instant
    /// The sequencer's number of the topic.
    package let topic: UInt32
    package let event: Event

    var forgetting: InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: 0, accepted: accepted, topic: topic,
            event: .forgotten)
    }
}
