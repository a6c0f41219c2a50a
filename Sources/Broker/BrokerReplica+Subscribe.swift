/// Coverage: subscribing, unsubscribing, leaving.
internal import Primitives

/// What became of a subscription.
package struct SubscribeOutcome: Sendable {
    /// Whether the presented cursor was honoured; false without one.
    package let isResumed: Bool
    /// All that existed has been sent once a drain's cursor reaches this.
    package let liveSequence: UInt64
}

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

    package func removeSubscriber(_ id: SubscriberID) {
        for slot in subscribers[id].slots.indices where subscribers[id].slots[slot].topic != Topic.none {
            let topic = subscribers[id].slots[slot].topic
            removeSlot(id, UInt32(slot))
            dropTopicIfUnused(topic)
        }
        for number in subscribers[id].patterns { patterns.remove(id, from: number) }
        subscribers.remove(id)
    }

    package func contains(_ id: SubscriberID) -> Bool { subscribers.contains(id) }

    package func owner(of id: SubscriberID) -> ReaderKey { subscribers[id].owner }

    /// The number of topics that it covers and of patterns that it holds.
    package func subscriptionCount(of id: SubscriberID) -> Int {
        subscribers[id].exactCount + subscribers[id].patterns.count
    }

    /// How many of `requested` the reader would hold besides what it holds, each counted once.
    package func unheldCount(of requested: [TopicPattern], by id: SubscriberID) -> Int {
        let covered = slotsByTopic(of: id)
        let unheld = requested.filter { pattern in
            if pattern.isWild {
                guard let number = patterns.number(of: pattern) else { return true }
                return !subscribers[id].patterns.contains(number)
            }
            guard let topic = pattern.text.withUnsafeBufferPointer({ names.find($0) }),
                let slot = covered[topic]
            else { return true }
            return !subscribers[id].isExact(slot)
        }
        return Set(unheld.map(\.text)).count
    }

    package func conflated(of id: SubscriberID) -> UInt64 { subscribers[id].conflated }

    /// The number of topics that it covers.
    package func coveredCount(of id: SubscriberID) -> Int { subscribers[id].coveredCount }

    package func delivered(to id: SubscriberID) -> UInt64 { subscribers[id].delivered }

    /// The number of marked topics.
    package func markCount(of id: SubscriberID) -> Int { Int(subscribers[id].markCount) }

    /// Whether something waits to be drained.
    package func hasMarks(_ id: SubscriberID) -> Bool { subscribers[id].markCount > 0 }

    /// What may be vouched for at present.
    package func cursor(of id: SubscriberID) -> UInt64? { subscribers[id].cursor(at: sequence) }

    /// Whether `cursor` can be honoured: of an epoch that is or that survived so far, not from the future, and not
    /// older than what is remembered.
    package func honours(_ cursor: Cursor?) -> Bool {
        guard let cursor else { return false }
        return lineage.contains(cursor, endingAt: sequence) && cursor.sequence >= purgedSequence
    }

    /// The same after taking what waits. A cursor may come from a loop that is further: what its holder has been
    /// sent, or the epoch that it names, waits in our inbox at the latest, and may neither be refused nor be told
    /// backwards.
    func honoursCaughtUp(_ cursor: Cursor?) -> Bool {
        guard cursor != nil else { return false }
        catchUp()
        return honours(cursor)
    }

    /// Covers `requested` besides what the reader covers already, and marks what it has to be sent of the new
    /// topics: what changed after `cursor`, or all values when there is none that can be honoured.
    package func subscribe(
        _ id: SubscriberID, to requested: [TopicPattern], after cursor: Cursor?
    ) -> SubscribeOutcome {
        let isResumed = honoursCaughtUp(cursor)
        let start = isResumed ? cursor?.sequence : nil
        let cursorBefore = subscribers[id].cursor(at: sequence)
        let marksBefore = subscribers[id].markCount
        let covered = slotsByTopic(of: id)
        for pattern in requested {
            if pattern.isWild {
                coverPattern(id, pattern, covered, after: start)
            } else {
                coverTopic(id, pattern, covered, after: start)
            }
        }
        if subscribers[id].markCount > marksBefore {
            // New marks may stand behind the drain's position: begin a new round, and vouch for no more than
            // both what was held and what was presented.
            subscribers[id].position = 0
            // How long what is there has been there says nothing of the way to this reader.
            if marksBefore == 0 { subscribers[id].markedSince = nil }
            subscribers[id].floor = cursorBefore.flatMap { before in start.map { min(before, $0) } }
            becomeReady(id, .atOnce)
        }
        return SubscribeOutcome(isResumed: isResumed, liveSequence: sequence)
    }

    /// Covers `dropped` no more, except where other subscriptions of the reader cover the same topics.
    package func unsubscribe(_ id: SubscriberID, from dropped: [TopicPattern]) {
        let covered = slotsByTopic(of: id)
        for pattern in dropped {
            if pattern.isWild {
                guard let number = patterns.number(of: pattern),
                    let at = subscribers[id].patterns.firstIndex(of: number)
                else { continue }
                subscribers[id].patterns.remove(at: at)
                patterns.remove(id, from: number)
                for slot in subscribers[id].slots.indices { dropIfUncovered(id, UInt32(slot), pattern) }
            } else if let topic = pattern.text.withUnsafeBufferPointer({ names.find($0) }),
                let slot = covered[topic]
            {
                subscribers[id].setExact(slot, false)
                dropIfUncovered(id, slot, pattern)
            }
        }
    }

    private func dropIfUncovered(_ id: SubscriberID, _ slot: UInt32, _ dropped: TopicPattern) {
        let topic = subscribers[id].slots[Int(slot)].topic
        guard topic != Topic.none else { return }
        let name = topics[topic].name
        guard dropped.covers(name.unsafeBytes), !subscribers[id].isExact(slot) else { return }
        // A pattern covers topics that exist, or of whose end the reader is still to be told.
        if topics[topic].latest != nil,
            subscribers[id].patterns.contains(where: { patterns.pattern($0).covers(name.unsafeBytes) })
        {
            if topics[topic].isForgotten { settleLater(topic) }
            return
        }
        removeSlot(id, slot)
        dropTopicIfUnused(topic)
    }

    // MARK: Covering

    /// The slots that a reader has, by topic.
    private func slotsByTopic(of id: SubscriberID) -> [UInt32: UInt32] {
        var found: [UInt32: UInt32] = [:]
        for slot in subscribers[id].slots.indices where subscribers[id].slots[slot].topic != Topic.none {
            found[subscribers[id].slots[slot].topic] = UInt32(slot)
        }
        return found
    }

    private func coverTopic(
        _ id: SubscriberID, _ pattern: TopicPattern, _ covered: [UInt32: UInt32], after start: UInt64?
    ) {
        let topic =
            pattern.text.withUnsafeBufferPointer { names.find($0) } ?? addTopic(Payload(pattern.text.span))
        if let slot = covered[topic] ?? slotJustAdded(id, topic) {
            subscribers[id].setExact(slot, true)
            return
        }
        let slot = addSlot(id, topic)
        subscribers[id].setExact(slot, true)
        markMissing(id, slot, topic, after: start)
    }

    private func coverPattern(
        _ id: SubscriberID, _ pattern: TopicPattern, _ covered: [UInt32: UInt32], after start: UInt64?
    ) {
        if let number = patterns.number(of: pattern), subscribers[id].patterns.contains(number) { return }
        subscribers[id].patterns.append(patterns.add(id, to: pattern))
        forEachTopic(coveredBy: pattern) { topic in
            guard topics[topic].latest != nil, !topics[topic].isForgotten, covered[topic] == nil,
                slotJustAdded(id, topic) == nil
            else { return true }
            markMissing(id, addSlot(id, topic), topic, after: start)
            return true
        }
    }

    /// The slot that this very subscription gave the reader: two of its patterns may cover one topic. The
    /// reader's link then stands among the last of the topic, because links are appended.
    private func slotJustAdded(_ id: SubscriberID, _ topic: UInt32) -> UInt32? {
        guard let last = topics[topic].subscribers.last, last.subscriber == id else { return nil }
        return last.slot
    }

    /// Marks a new slot if the reader lacks something of its topic.
    private func markMissing(_ id: SubscriberID, _ slot: UInt32, _ topic: UInt32, after start: UInt64?) {
        if let log = topics[topic].log {
            let begin = start.map { log.firstVersion(after: $0) } ?? max(log.firstVersion, log.lifeVersion)
            subscribers[id].setLogPosition(.version(begin), of: slot)
            guard begin < log.endVersion else { return }
            // What the reader never had and what is kept no more is a gap.
            if let start, log.lostSequence > start {
                subscribers[id].setLogPosition(log.isWholeAfter(start) ? .beginning : .unknown, of: slot)
            }
            _ = subscribers[id].mark(slot)
        } else if let start {
            if topics[topic].latest != nil, topics[topic].sequence > start { _ = subscribers[id].mark(slot) }
        } else if topics[topic].hasValue {
            _ = subscribers[id].mark(slot)
        }
    }

    func addSlot(_ id: SubscriberID, _ topic: UInt32) -> UInt32 {
        let link = UInt32(topics[topic].subscribers.count)
        let slot = subscribers[id].addSlot(Subscriber.Slot(topic: topic, link: link))
        topics[topic].subscribers.append(Topic.Link(subscriber: id, slot: slot))
        slotCount += 1
        if isRecordingCoverage { record(coverage: .began, of: topic, by: id) }
        return slot
    }

    /// Frees a slot: the topic's last link takes the place of its own.
    func removeSlot(_ id: SubscriberID, _ slot: UInt32) {
        let (topic, link) = (subscribers[id].slots[Int(slot)].topic, subscribers[id].slots[Int(slot)].link)
        let last = topics[topic].subscribers.removeLast()
        if Int(link) < topics[topic].subscribers.count {
            topics[topic].subscribers[Int(link)] = last
            subscribers[last.subscriber].setLink(link, of: last.slot)
        }
        subscribers[id].removeSlot(slot)
        slotCount -= 1
        if isRecordingCoverage { record(coverage: .ended, of: topic, by: id) }
    }
}
