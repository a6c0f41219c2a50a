/// Values that count as stale: readers that asked are told once, in their turn among the updates.
package import Primitives

/// A topic that has been silent for too long. That it has is a change of its own, so that every cursor says whether a reader
/// knows; the next update ends it.
struct StaleTopic: Changing {
    let topic: UInt32
    /// `"topic":…,"since":…`
    let notice: Payload
    let sequence: UInt64
    var older = Topic.none
    var newer = Topic.none
    var isLandmark = false
}

extension BrokerReplica {
    /// From here on the reader is told what is stale of the topics that it comes to cover, and what becomes so.
    package func tellStaleness(to id: SubscriberID) { subscribers[id].isToldStaleness = true }

    package func tellsStaleness(to id: SubscriberID) -> Bool { subscribers[id].isToldStaleness }

    /// Whether the topic's value counts as stale.
    package func isStale(_ topic: TopicID) -> Bool { topics[topic.index].isStale }

    /// How long ago the topic's latest update was accepted.
    package func age(of topic: TopicID, at now: Instant) -> Duration {
        now.since(topics[topic.index].accepted)
    }

    func becomeStale(_ topic: UInt32, _ entry: InboxEntry) {
        sequence = entry.sequence
        let place = staleTopics.insert(
            StaleTopic(topic: topic, notice: entry.payload, sequence: entry.sequence))
        staleChanges.changed(place, &staleTopics)
        topics[topic].stalePlace = place
        markLater(topic, entry)
    }

    func endStaleness(of topic: UInt32) {
        staleChanges.remove(topics[topic].stalePlace, &staleTopics)
        staleTopics.remove(topics[topic].stalePlace)
        topics[topic].stalePlace = Topic.none
    }

    /// The topic as a stale one, where it became so after `start`.
    func staleTopic(_ topic: UInt32, after start: UInt64? = nil) -> StaleTopic? {
        guard topics[topic].isStale else { return nil }
        let stale = staleTopics[topics[topic].stalePlace]
        return stale.sequence > start ?? 0 ? stale : nil
    }

    /// Marks the readers that are to be told of a topic that it has grown stale, and nothing else.
    func markStale(_ topic: UInt32) {
        let floor = min(topics[topic].unmarkedSequence - 1, markedSequence)
        for link in topics[topic].subscribers
        where subscribers[link.subscriber].isToldStaleness && !subscribers[link.subscriber].isLeaving {
            announceChange(to: link.subscriber, since: topics[topic].unmarkedAccepted, after: floor)
            subscribers[link.subscriber].markStale(link.slot)
        }
    }
}
