/// From a topic's change to the readers that have something new: marks, and the order in which readers are flushed.
package import Primitives

extension BrokerReplica {
    // MARK: Marking

    /// Takes note that a topic's subscribers have yet to be marked.
    func markLater(_ topic: UInt32, _ entry: InboxEntry) {
        guard !topics[topic].isChanged else { return }
        topics[topic].isChanged = true
        topics[topic].unmarkedCount = 0
        topics[topic].unmarkedSequence = entry.sequence
        topics[topic].unmarkedAccepted = entry.accepted
        let change = Change(topic: topic, sequence: entry.sequence)
        if topics[topic].isNew || topics[topic].subscribers.count > Self.wideCount {
            changedWidely.append(change)
        } else {
            changed.append(change)
        }
    }

    /// A change that is yet to be marked: the topic's first one since it was last marked.
    struct Change {
        let topic: UInt32
        let sequence: UInt64
    }

    /// A topic of more subscribers is much work.
    private static var wideCount: Int { 128 }

    /// Whether subscribers have yet to be marked.
    package var hasUnmarked: Bool { !changed.isEmpty || !changedWidely.isEmpty }

    /// All changes up to here are marked, so that this is what a cursor may vouch for.
    package var markedSequence: UInt64 {
        guard hasUnmarked else { return sequence }
        return min(changed.first?.sequence ?? .max, changedWidely.first?.sequence ?? .max) - 1
    }

    /// Marks the subscribers of what has changed, oldest change first, as far as the ration goes: half of it for each queue,
    /// unless one has less to do. A topic that changed many times meanwhile marks once.
    package func mark(_ ration: inout Ration) {
        mark(widely: false, &ration, down: ration.left / 2)
        mark(widely: true, &ration, down: 0)
        mark(widely: false, &ration, down: 0)
        settle()
    }

    private func mark(widely: Bool, _ ration: inout Ration, down rest: Int) {
        while ration.left > rest, let next = widely ? changedWidely.popFirst() : changed.popFirst() {
            ration.take()
            // A drain may have come to it before.
            guard topics.contains(next.topic), topics[next.topic].isChanged,
                topics[next.topic].unmarkedSequence == next.sequence
            else { continue }
            mark(next.topic, &ration)
        }
    }

    /// Marks the subscribers of a topic. Its place in the queue stays, and says nothing any more.
    func mark(_ topic: UInt32, _ ration: inout Ration) {
        topics[topic].isChanged = false
        if topics[topic].isNew { coverNew(topic, &ration) }
        if topics[topic].isStale, topics[topic].unmarkedCount == 0 {
            markStale(topic)
        } else {
            markSubscribers(of: topic)
        }
        // Marks fall on memory that is near; a dozen cost what another step costs.
        ration.take(topics[topic].subscribers.count / 12)
        if topics[topic].isForgotten { settleLater(topic) }
    }

    /// Gives a slot of a new topic to the readers whose patterns cover it.
    private func coverNew(_ topic: UInt32, _ ration: inout Ration) {
        topics[topic].isNew = false
        let former = topics[topic].log?.formerSequence ?? 0
        patterns.match(topics[topic].name.unsafeBytes, into: &matched)
        for number in matched {
            let covering = patterns.subscribers(number)
            ration.take(1 + covering.count)
            for subscriber in covering where subscribers[subscriber].slot(of: topic) == nil {
                guard mayCoverMore(subscriber) else {
                    overfill(subscriber, after: min(topics[topic].unmarkedSequence - 1, markedSequence))
                    continue
                }
                let slot = addSlot(subscriber, topic, since: topics[topic].unmarkedSequence - 1, &ration)
                guard topics[topic].isLog else { continue }
                // It may lack the end of a former life, which it never came to know.
                let isBehind =
                    topics[topic].hasHiddenLife
                    || former > 0 && subscribers[subscriber].resumes(before: former)
                subscribers[subscriber].setLogPosition(isBehind ? .unknown : .beginning, of: slot)
            }
        }
        matched.removeAll(keepingCapacity: true)
    }

    private func markSubscribers(of index: UInt32) {
        let floor = min(topics[index].unmarkedSequence - 1, markedSequence)
        let updateCount = UInt64(topics[index].unmarkedCount)
        let isLog = topics[index].isLog
        let accepted = topics[index].unmarkedAccepted
        for link in topics[index].subscribers where !subscribers[link.subscriber].isLeaving {
            announceChange(to: link.subscriber, since: accepted, after: floor)
            let isFirst = subscribers[link.subscriber].mark(link.slot)
            if !isLog, !isFirst || updateCount > 1 {
                let replaced = isFirst ? updateCount - 1 : updateCount
                subscribers[link.subscriber].conflated += replaced
                conflated += replaced
            }
        }
    }

    // MARK: Readiness

    /// Takes note that the subscriber is about to have something new, and holds all up to `floor`.
    @inline(__always) func announceChange(to id: SubscriberID, since accepted: Instant, after floor: UInt64) {
        guard subscribers[id].markCount == 0 else { return }
        if !subscribers[id].isPinned { subscribers[id].floor = floor }
        let lastSent = subscribers[id].markedSince
        subscribers[id].markedSince = accepted
        let isBusy = lastSent.map { $0 + flushDelay >= accepted } ?? false
        becomeReady(id, since: accepted, waitsForCompany: isBusy)
    }

    /// Takes note that the subscriber has something new. One that was sent something a moment ago waits for more.
    private func becomeReady(_ subscriber: SubscriberID, since change: Instant, waitsForCompany: Bool) {
        guard !subscribers[subscriber].isReady else { return }
        subscribers[subscriber].isReady = true
        if waitsForCompany {
            waiting.append(subscriber, since: change)
        } else {
            ready.append(subscriber, since: change)
        }
    }

    /// When a subscriber is to be flushed next; nil where none has something new.
    package var flushDue: Instant? {
        let due = min(readyDue, waitingDue)
        return due == .never ? nil : due
    }

    /// When the first reader of each queue is to be flushed; `never` where the queue is empty.
    private var readyDue: Instant { ready.oldest ?? .never }
    private var waitingDue: Instant { waiting.oldest.map { $0 + flushDelay } ?? .never }

    /// Takes the next subscriber that has something new and has waited long enough for more, in the order in which they are due.
    package func takeReady(at now: Instant) -> SubscriberID? {
        while let due = flushDue, due <= now {
            let next = readyDue <= waitingDue ? ready.popFirst() : waiting.popFirst()
            guard let next, contains(next) else { continue }
            subscribers[next].isReady = false
            return next
        }
        return nil
    }
}
