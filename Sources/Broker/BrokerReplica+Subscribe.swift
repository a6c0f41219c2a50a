/// Coverage: subscribing, unsubscribing, leaving.
internal import Primitives

extension BrokerReplica {
    /// A new reader that covers nothing yet. `owner` comes back where the replica speaks of it. With `remembersHeld`
    /// its batches say what it held of each topic, for eight bytes a topic.
    package func addSubscriber(owner: ReaderKey, remembersHeld: Bool = false) -> SubscriberID {
        let id = subscribers.insert(Subscriber(owner: owner))
        if remembersHeld { rememberHeld(of: id) }
        return id
    }

    /// Remembers from here on what a reader holds: what it was sent before counts as nothing.
    package func rememberHeld(of id: SubscriberID) { subscribers[id].rememberHeld() }

    /// Lets go of a reader. One that covers much is dismantled by `walk`.
    package func removeSubscriber(_ id: SubscriberID) {
        subscribers[id].isLeaving = true
        var ration = Ration(steps: visitSteps)
        if !dismantle(id, &ration) { leavers.append(id) }
    }

    /// Whether somebody owns a subscriber of that number.
    package func contains(_ id: SubscriberID) -> Bool {
        subscribers.contains(id) && !subscribers[id].isLeaving
    }

    package func owner(of id: SubscriberID) -> ReaderKey { subscribers[id].owner }

    /// The number of topics that it covers and of patterns that it holds.
    package func subscriptionCount(of id: SubscriberID) -> Int {
        subscribers[id].exactCount + subscribers[id].patterns.count
    }

    /// How many of `requested` the reader would hold besides what it holds, each counted once, but no more than `limit`.
    package func unheldCount(of requested: [TopicPattern], by id: SubscriberID, limit: Int) -> Int {
        var unheld = Set<[UInt8]>()
        for pattern in requested where !holds(pattern, id) {
            unheld.insert(pattern.text)
            if unheld.count == limit { break }
        }
        return unheld.count
    }

    private func holds(_ pattern: TopicPattern, _ id: SubscriberID) -> Bool {
        if pattern.isWild {
            guard let number = patterns.number(of: pattern) else { return false }
            return patterns.contains(id, in: number)
        }
        guard let topic = find(pattern), let slot = subscribers[id].slot(of: topic) else { return false }
        return subscribers[id].isExact(slot)
    }

    /// The topic that a pattern without wildcards names.
    func find(_ pattern: TopicPattern) -> UInt32? {
        pattern.text.withUnsafeBufferPointer { tree.find($0, topics) }
    }

    package func conflated(of id: SubscriberID) -> UInt64 { subscribers[id].conflated }

    /// The number of topics that it covers.
    package func coveredCount(of id: SubscriberID) -> Int { subscribers[id].coveredCount }

    package func delivered(to id: SubscriberID) -> UInt64 { subscribers[id].delivered }

    /// The number of marked topics.
    package func markCount(of id: SubscriberID) -> Int { Int(subscribers[id].markCount) }

    /// Whether something waits to be drained.
    package func hasMarks(_ id: SubscriberID) -> Bool { subscribers[id].markCount > 0 }

    /// Whether a round of drains is under way: what is left of it comes before what has changed meanwhile.
    package func isInRound(_ id: SubscriberID) -> Bool { subscribers[id].position > 0 }

    /// What may be vouched for at present.
    package func cursor(of id: SubscriberID) -> UInt64? { subscribers[id].cursor(at: markedSequence) }

    /// Whether `cursor` can be honoured: of an epoch that is or that survived so far, not from the future, and not
    /// older than what is remembered.
    package func honours(_ cursor: Cursor?) -> Bool {
        guard let cursor else { return false }
        return lineage.contains(cursor, endingAt: sequence) && cursor.covered >= purgedSequence
    }

    /// The same after taking what waits. A cursor may come from a loop that is further: what its holder has been
    /// sent, or the epoch that it names, waits in our inbox at the latest, and may neither be refused nor be told
    /// backwards.
    func honoursCaughtUp(_ cursor: Cursor?) -> Bool {
        guard cursor != nil else { return false }
        catchUp()
        return honours(cursor)
    }

    /// Whether `cursor` may be of another process, which is further: what it needs to be honoured may come.
    package func isBehind(_ cursor: Cursor) -> Bool { lineage.mayReach(cursor, from: sequence) }

    // MARK: Slots

    /// Whether the topic had ended when a snapshot began that is told in several answers. Then it is no part of that: nobody would
    /// tell its end once that is forgotten, and who was told before would be told again.
    func hadEnded(_ topic: UInt32, when snapshotBegan: UInt64?) -> Bool {
        topics[topic].isEnded && topics[topic].sequence <= snapshotBegan ?? 0
    }

    /// Marks a new slot if the reader lacks something of its topic; returns whether it does.
    func markMissing(
        _ id: SubscriberID, _ slot: UInt32, _ topic: UInt32, after start: UInt64?, _ snapshotBegan: UInt64?,
        _ excerpt: Excerpt?
    ) -> Bool {
        let lacksUpdate = lacks(id, slot, topic, after: start, snapshotBegan, excerpt)
        let lacksNotice = subscribers[id].isToldStaleness && staleTopic(topic, after: start) != nil
        guard lacksUpdate || lacksNotice else { return false }
        // How long what is there has been there says nothing of the way to this reader.
        if subscribers[id].markCount == 0 { subscribers[id].markedSince = nil }
        if lacksUpdate { _ = subscribers[id].mark(slot) } else { subscribers[id].markStale(slot) }
        return true
    }

    private func lacks(
        _ id: SubscriberID, _ slot: UInt32, _ topic: UInt32, after start: UInt64?, _ snapshotBegan: UInt64?,
        _ excerpt: Excerpt?
    ) -> Bool {
        let hadEnded = hadEnded(topic, when: snapshotBegan)
        guard let log = topics[topic].log else {
            guard !hadEnded else { return false }
            guard let start else { return topics[topic].hasValue }
            return topics[topic].latest != nil && topics[topic].sequence > start
        }
        let begin = hadEnded ? log.endVersion : log.firstVersion(lackedAfter: start, excerpt)
        subscribers[id].setLogPosition(.version(begin), of: slot)
        guard begin < log.endVersion else { return false }
        // What the reader never had and what is kept no more is a gap.
        if let start, log.hasLost(after: start, excerpt) {
            let isWhole = lacksWhole(log, after: start, excerpt)
            subscribers[id].setLogPosition(isWhole ? .beginning : .unknown, of: slot)
        }
        return true
    }

    /// Whether a reader that holds all up to `start` lacks a log from its first update on, and nothing before: of a former life
    /// that was forgotten since, nobody knows. Who wants an excerpt lacks less.
    func lacksWhole(_ log: TopicLog, after start: UInt64, _ excerpt: Excerpt?) -> Bool {
        excerpt == nil && start >= purgedSequence && log.isWholeAfter(start)
    }

    /// `since`: updates after this are covered; nil: those to come.
    func addSlot(
        _ id: SubscriberID, _ topic: UInt32, since: UInt64? = nil, _ ration: inout Ration
    ) -> UInt32 {
        ration.take(subscribers[id].stepsToGrow)
        let link = UInt32(topics[topic].subscribers.count)
        let slot = subscribers[id].addSlot(Subscriber.Slot(topic: topic, link: link))
        topics[topic].subscribers.append(Topic.Link(subscriber: id, slot: slot))
        slotCount += 1
        if isRecordingCoverage { record(coverage: .began, of: topic, by: id, at: since ?? sequence) }
        return slot
    }

    /// Frees a slot.
    func removeSlot(_ id: SubscriberID, _ slot: UInt32) {
        remove(subscribers[id].slots[Int(slot)], of: id)
        subscribers[id].removeSlot(slot)
    }

    /// Undoes a slot's link from its topic: the topic's last link takes the place of its own.
    func remove(_ slot: Subscriber.Slot, of id: SubscriberID) {
        let last = topics[slot.topic].subscribers.removeLast()
        if Int(slot.link) < topics[slot.topic].subscribers.count {
            topics[slot.topic].subscribers[Int(slot.link)] = last
            subscribers[last.subscriber].setLink(slot.link, of: last.slot)
        }
        slotCount -= 1
        if subscribers[id].isOverfull { overfullSlotCount -= 1 }
        if isRecordingCoverage { record(coverage: .ended, of: slot.topic, by: id, at: sequence) }
    }
}
