/// A search among the topics and patterns that a reader has subscribed to, some steps at a time.
internal import Primitives

/// While it lasts the reader may neither subscribe nor unsubscribe.
package struct HeldSearch {
    /// What was looked for, so far.
    package private(set) var found: [TopicPattern] = []
    fileprivate var pattern = 0
    fileprivate var slot = 0

    package init() {}

    fileprivate mutating func look(at held: TopicPattern, _ isWanted: (TopicPattern) -> Bool) {
        if isWanted(held) { found.append(held) }
    }
}

extension BrokerReplica {
    /// Goes on with the search for what `isWanted` says; returns whether it is over.
    package func advance(
        _ search: inout HeldSearch, of id: SubscriberID, _ ration: inout Ration,
        where isWanted: (TopicPattern) -> Bool
    ) -> Bool {
        while search.pattern < subscribers[id].patterns.count {
            guard !ration.isSpent else { return false }
            ration.take()
            search.look(at: patterns.pattern(subscribers[id].patterns[search.pattern]), isWanted)
            search.pattern += 1
        }
        // Most readers name patterns alone.
        guard subscribers[id].exactCount > 0 else { return true }
        while search.slot < subscribers[id].slots.count {
            guard !ration.isSpent else { return false }
            ration.take()
            let topic = subscribers[id].slots[search.slot].topic
            if topic != Topic.none, subscribers[id].isExact(UInt32(search.slot)) {
                search.look(at: TopicPattern(naming: topics[topic].name.unsafeBytes), isWanted)
            }
            search.slot += 1
        }
        return true
    }
}
