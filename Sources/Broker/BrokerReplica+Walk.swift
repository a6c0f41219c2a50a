/// Coverage, changed step by step: subscribing, unsubscribing, leaving. However many topics there are, nobody waits for it.
internal import Primitives

extension BrokerReplica {
    // MARK: Beginning

    /// Begins to cover `requested` besides what the reader covers already, and to mark what it has to be sent of the new
    /// topics: what changed after `cursor`, or all values when there is none that can be honoured. Returns whether it was.
    ///
    /// `walk` goes on with it, until `isWalking` is false. Meanwhile the reader is sent what is marked, and its cursor stands
    /// still. Requires that none of its walks is under way.
    ///
    /// - Parameter last: without a cursor the snapshot shows only so many of the updates that a log keeps.
    package func subscribe(
        _ id: SubscriberID, to requested: [TopicPattern], after cursor: Cursor?, last: Int? = nil
    ) -> Bool {
        let isResumed = honoursCaughtUp(cursor)
        let start = isResumed ? cursor : nil
        cover(
            id, requested, after: start?.sequence, start?.snapshotBegan,
            Excerpt(last: last, after: cursor, isResumed: isResumed, at: sequence), isSnapshot: true)
        return isResumed
    }

    /// The same for a poll that holds all up to `start` and begins to wait.
    package func cover(_ id: SubscriberID, _ requested: [TopicPattern], after start: UInt64) {
        cover(id, requested, after: start, nil, nil, isSnapshot: false)
    }

    private func cover(
        _ id: SubscriberID, _ requested: [TopicPattern], after start: UInt64?, _ snapshotBegan: UInt64?,
        _ excerpt: Excerpt?, isSnapshot: Bool
    ) {
        var floor = subscribers[id].cursor(at: markedSequence)
        // Who reads nothing yet is vouched for all that was presented, also where it is not marked here yet.
        if let start, subscriptionCount(of: id) == 0 { floor = max(floor ?? start, start) }
        if let excerpt { subscribers[id].leaveOut(before: excerpt.began) }
        let generation = start == nil ? nil : forgotten.resumeBegan()
        subscribers[id].resume(after: start)
        // It is vouched for no more than both what was held and what was presented.
        pin(id, at: floor.flatMap { floor in start.map { min(floor, $0) } })
        begin(
            CoverageWalk(
                subscriber: id, purpose: .cover(start: start, floor: floor, generation: generation),
                patterns: requested, snapshotBegan: snapshotBegan, excerpt: excerpt, notBefore: sequence,
                isSnapshot: isSnapshot))
    }

    /// Holds the cursor back, so that it is good for what the reader covered before the walk and for what it covers then.
    func pin(_ id: SubscriberID, at floor: UInt64?) {
        subscribers[id].vouch(for: floor)
        subscribers[id].isPinned = true
    }

    /// Begins to cover `dropped` no more, except where other subscriptions of the reader cover the same topics. Requires that
    /// none of its walks is under way.
    package func unsubscribe(_ id: SubscriberID, from dropped: [TopicPattern]) {
        pin(id, at: subscribers[id].cursor(at: markedSequence))
        begin(
            CoverageWalk(
                subscriber: id, purpose: .uncover, patterns: dropped, snapshotBegan: nil, excerpt: nil,
                notBefore: 0, isSnapshot: false))
    }

    private func begin(_ begun: CoverageWalk) {
        precondition(!subscribers[begun.subscriber].isWalking, "a walk of the reader is under way")
        subscribers[begun.subscriber].isWalking = true
        var walk = begun
        var ration = Ration(steps: visitSteps)
        if advance(&walk, &ration) { end(walk) } else { walks.append(walk) }
    }

    /// Whether the reader's last subscribe or unsubscribe is still under way.
    package func isWalking(_ id: SubscriberID) -> Bool { subscribers[id].isWalking }

    // MARK: Going on

    /// Whether `walk` has something to do.
    package var hasWalks: Bool { !walks.isEmpty || !leavers.isEmpty }

    /// Goes on with the walks of readers and with what former readers left, in turns, as far as the ration goes. Appends the
    /// readers that have come further.
    package func walk(_ ration: inout Ration, into advanced: inout [SubscriberID]) {
        for _ in 0..<(walks.count + leavers.count) where !ration.isSpent {
            visitWalk(&ration, &advanced)
            visitLeaver(&ration)
        }
    }

    private func visitWalk(_ ration: inout Ration, _ advanced: inout [SubscriberID]) {
        guard var walk = walks.popFirst() else { return }
        guard contains(walk.subscriber) else { return end(walk) }
        let isOver = visit(&ration) { advance(&walk, &$0) }
        if isOver { end(walk) } else { walks.append(walk) }
        advanced.append(walk.subscriber)
    }

    private func visitLeaver(_ ration: inout Ration) {
        guard let id = leavers.popFirst() else { return }
        if !visit(&ration, { dismantle(id, &$0) }) { leavers.append(id) }
    }

    private func visit(_ ration: inout Ration, _ body: (inout Ration) -> Bool) -> Bool {
        var share = Ration(steps: min(visitSteps, ration.left))
        defer { ration.take(max(share.taken, 1)) }
        return body(&share)
    }

    /// Returns whether the walk is over.
    private func advance(_ walk: inout CoverageWalk, _ ration: inout Ration) -> Bool {
        guard markedSequence >= walk.notBefore else { return false }
        while walk.place < walk.patterns.count {
            // It is given no more; but what it may read no more it loses at once, whatever else becomes of it.
            if walk.purpose.isCover, subscribers[walk.subscriber].isOverfull { break }
            guard !ration.isSpent else { return false }
            let isOver =
                switch walk.purpose {
                case .cover(let start, _, _): cover(&walk, after: start, &ration)
                case .uncover: uncover(&walk, &ration)
                }
            guard isOver else { return false }
            walk.place += 1
            walk.source = nil
        }
        return true
    }

    private func end(_ walk: CoverageWalk) {
        let id = walk.subscriber
        subscribers[id].isWalking = false
        subscribers[id].resume(after: nil)
        let isOverfull = subscribers[id].isOverfull
        // A round under way ends before the cursor moves on.
        if subscribers[id].position == 0, !isOverfull { subscribers[id].isPinned = false }
        guard case .cover(_, let floor, let generation) = walk.purpose else { return }
        if let generation { forgotten.resumeEnded(generation) }
        guard !isOverfull else { return }
        if walk.isSnapshot { statistics.snapshots.record(walk.lackingCount) }
        if walk.lackingCount == 0 { subscribers[id].vouch(for: floor) }
    }

    // MARK: Covering

    /// Covers the pattern at hand; returns whether that is done.
    private func cover(_ walk: inout CoverageWalk, after start: UInt64?, _ ration: inout Ration) -> Bool {
        let id = walk.subscriber
        let pattern = walk.patterns[walk.place]
        guard pattern.isWild else {
            ration.take(2)
            coverTopic(pattern, after: start, &walk, &ration)
            return true
        }
        var scan: PatternScan
        if case .scan(let begun)? = walk.source {
            scan = begun
            walk.source = nil
        } else {
            if let number = patterns.number(of: pattern), patterns.contains(id, in: number) {
                ration.take()
                return true
            }
            subscribers[id].patterns.append(patterns.add(id, to: pattern))
            ration.take()
            scan = PatternScan(pattern)
        }
        while let topic = scan.next(in: tree, topics, &ration) {
            guard isToBeCovered(topic, after: start), subscribers[id].slot(of: topic) == nil else { continue }
            if cover(topic, after: start, &walk, &ration) == nil { return false }
        }
        walk.source = .scan(scan)
        return scan.isOver
    }

    /// A pattern covers topics that exist, or of whose end the reader is still to be told.
    private func isToBeCovered(_ topic: UInt32, after start: UInt64?) -> Bool {
        guard topics[topic].latest != nil else { return false }
        return !topics[topic].isForgotten || start.map { topics[topic].sequence > $0 } ?? false
    }

    private func coverTopic(
        _ pattern: TopicPattern, after start: UInt64?, _ walk: inout CoverageWalk, _ ration: inout Ration
    ) {
        let topic = find(pattern) ?? addUnpublished(pattern)
        if let slot = subscribers[walk.subscriber].slot(of: topic)
            ?? cover(topic, after: start, &walk, &ration)
        {
            subscribers[walk.subscriber].setExact(slot, true)
        } else {
            dropTopicIfUnused(topic)
        }
    }

    private func addUnpublished(_ pattern: TopicPattern) -> UInt32 {
        let topic = addTopic(Payload(pattern.text.span))
        becomeUnpublished(topic)
        return topic
    }

    /// Returns the slot; nil where the reader may cover no more.
    private func cover(
        _ topic: UInt32, after start: UInt64?, _ walk: inout CoverageWalk, _ ration: inout Ration
    ) -> UInt32? {
        ration.take()
        // Marked after the reader has been sent it, the change would be sent again.
        if topics[topic].isChanged { mark(topic, &ration) }
        // It may have been new to the reader's patterns.
        if let slot = subscribers[walk.subscriber].slot(of: topic) { return slot }
        guard mayCoverMore(walk.subscriber) else {
            overfill(walk.subscriber, after: markedSequence)
            return nil
        }
        let slot = addSlot(walk.subscriber, topic, &ration)
        if markMissing(walk.subscriber, slot, topic, after: start, walk.snapshotBegan, walk.excerpt) {
            walk.lackingCount += 1
        }
        // It is taken from the list of what has settled, so it has to be looked at again when the reader has been told.
        if topics[topic].isForgotten { settleLater(topic) }
        return slot
    }

    // MARK: Uncovering

    /// Uncovers the pattern at hand; returns whether that is done.
    private func uncover(_ walk: inout CoverageWalk, _ ration: inout Ration) -> Bool {
        let id = walk.subscriber
        let pattern = walk.patterns[walk.place]
        guard pattern.isWild else {
            ration.take()
            guard let topic = find(pattern), let slot = subscribers[id].slot(of: topic) else { return true }
            subscribers[id].setExact(slot, false)
            dropIfUncovered(id, slot, &ration)
            return true
        }
        guard let source = walk.source ?? beginUncovering(pattern, id, &ration) else { return true }
        walk.source = nil
        switch source {
        case .scan(var scan):
            while let topic = scan.next(in: tree, topics, &ration) {
                if let slot = subscribers[id].slot(of: topic) { dropIfUncovered(id, slot, &ration) }
            }
            walk.source = .scan(scan)
            return scan.isOver
        case .slots(var slot):
            while slot < subscribers[id].slots.count, !ration.isSpent {
                ration.take()
                let topic = subscribers[id].slots[slot].topic
                if topic != Topic.none, pattern.covers(topics[topic].name.unsafeBytes) {
                    dropIfUncovered(id, UInt32(slot), &ration)
                }
                slot += 1
            }
            walk.source = .slots(from: slot)
            return slot >= subscribers[id].slots.count
        }
    }

    /// Takes the pattern from the reader; nil where it does not hold it. The topics are then looked for where there are fewer.
    private func beginUncovering(
        _ pattern: TopicPattern, _ id: SubscriberID, _ ration: inout Ration
    ) -> CoverageWalk.Source? {
        ration.take()
        guard let number = patterns.number(of: pattern), patterns.contains(id, in: number),
            let at = subscribers[id].patterns.firstIndex(of: number)
        else { return nil }
        ration.take(at / 16)
        subscribers[id].patterns.remove(at: at)
        patterns.remove(id, from: number)
        let isScanShorter = mostTopics(coveredBy: pattern) < subscribers[id].slots.count
        return isScanShorter ? .scan(PatternScan(pattern)) : .slots(from: 0)
    }

    private func dropIfUncovered(_ id: SubscriberID, _ slot: UInt32, _ ration: inout Ration) {
        guard !subscribers[id].isExact(slot) else { return }
        ration.take()
        let topic = subscribers[id].slots[Int(slot)].topic
        if topics[topic].latest != nil, isCovered(topic, by: id, &ration) {
            if topics[topic].isForgotten { settleLater(topic) }
            return
        }
        removeSlot(id, slot)
        dropTopicIfUnused(topic)
    }

    /// Whether a pattern of the reader covers the topic.
    private func isCovered(_ topic: UInt32, by id: SubscriberID, _ ration: inout Ration) -> Bool {
        guard !subscribers[id].patterns.isEmpty else { return false }
        defer { matched.removeAll(keepingCapacity: true) }
        patterns.match(topics[topic].name.unsafeBytes, into: &matched)
        ration.take(matched.count)
        return matched.contains { patterns.contains(id, in: $0) }
    }

    // MARK: Leaving

    /// Takes apart what is left of a reader; returns whether nothing is.
    func dismantle(_ id: SubscriberID, _ ration: inout Ration) -> Bool {
        while !ration.isSpent {
            if let number = subscribers[id].patterns.popLast() {
                patterns.remove(id, from: number)
                ration.take(2)
            } else if let slot = subscribers[id].popSlot() {
                remove(slot, of: id)
                dropTopicIfUnused(slot.topic)
                ration.take(2)
            } else {
                // A walk of its own still names it.
                guard !subscribers[id].isWalking else { return false }
                subscribers.remove(id)
                return true
            }
        }
        return false
    }
}
