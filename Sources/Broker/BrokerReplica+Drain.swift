/// Taking marks: what a reader is sent is read at the moment when it can take it.
package import Primitives

/// How often a reader's topics may have their turn in one drain.
package enum Rounds {
    /// As often as there is room.
    case all
    /// Once, which is what a pace allows.
    case one
    /// The round that is under way goes on, and the next ones follow only as long as a log has not had all of its own: what a
    /// log keeps is not thinned out, so it need not wait.
    case rest
}

extension BrokerReplica {
    /// A log may not keep a reader's other topics waiting: so many of its updates, then the next topic's turn.
    private static var logUpdatesAVisit: Int { 64 }
    /// Where marks lag behind, a drain marks what it sends, as far as this goes.
    private static var markingSteps: Int { 1024 }

    /// Moves what `id` lacks into `batch`, which must be empty: at least one update if there is one, then more
    /// while they fit `byteBudget`.
    ///
    /// - Parameter now: for counting how old what is taken is; nil where that says nothing of the way here, as in a
    ///   snapshot.
    package func drain(
        _ id: SubscriberID, byteBudget: Int, rounds: Rounds = .all, at now: Instant? = nil,
        into batch: inout Batch
    ) {
        if let now, subscribers[id].markCount > 0 {
            countWait(of: id, until: now)
            subscribers[id].markedSince = now
        }
        var marking = Ration(steps: Self.markingSteps)
        while subscribers[id].markCount > 0 {
            if subscribers[id].position == 0 { subscribers[id].beginRound(at: markedSequence) }
            guard let slot = subscribers[id].nextInRound() else {
                let isLogBehind = subscribers[id].roundLimit != .max
                subscribers[id].endRound()
                if rounds != .all, !batch.isEmpty || rounds == .rest && !isLogBehind { break }
                continue
            }
            let topic = subscribers[id].slots[Int(slot)].topic
            // Marked after it was sent, it would be sent again.
            if topics[topic].isChanged {
                mark(topic, &marking)
                if marking.isSpent { batch.hasMore = true }
            }
            let visit = take(id, slot, byteBudget, now, &batch)
            subscribers[id].position = Int(slot) + (visit == .refused ? 0 : 1)
            if visit != .over { batch.hasMore = true }
            if batch.hasMore { break }
        }
        if subscribers[id].markCount == 0 { subscribers[id].position = 0 }
        batch.cursor = subscribers[id].cursor(at: markedSequence)
        subscribers[id].delivered += UInt64(batch.entries.count)
    }

    /// Counts how long the subscriber's first change has waited, unless what is marked is a snapshot's.
    package func countWait(of id: SubscriberID, until now: Instant) {
        guard let since = subscribers[id].markedSince else { return }
        statistics.wait.record(from: since, to: now)
    }

    /// How a slot's turn ended.
    private enum Visit {
        /// The next slot's turn.
        case over
        /// The budget is used up, and the slot has had its turn: a log is left with more to send.
        case cut
        /// The budget is used up before the slot could have its turn.
        case refused
    }

    @inline(__always) private func take(
        _ id: SubscriberID, _ slot: UInt32, _ byteBudget: Int, _ now: Instant?, _ batch: inout Batch
    ) -> Visit {
        let topic = subscribers[id].slots[Int(slot)].topic
        if topics[topic].isForgotten { settleLater(topic) }
        if topics[topic].isLog, let log = topics[topic].log {
            return takeLog(id, slot, log, byteBudget, now, &batch)
        }
        if subscribers[id].isToldStaleness { return takeTellingStaleness(id, slot, byteBudget, now, &batch) }
        if let latest = topics[topic].latestBytes {
            guard batch.entries.isEmpty || batch.byteCount + latest.count <= byteBudget else {
                return .refused
            }
            take(latest, of: topic, id, slot, now, &batch)
        }
        subscribers[id].unmark(slot)
        return .over
    }

    @inline(__always) private func take(
        _ latest: UnsafeBufferPointer<UInt8>, of topic: UInt32, _ id: SubscriberID, _ slot: UInt32,
        _ now: Instant?, _ batch: inout Batch
    ) {
        let version = topics[topic].version
        batch.append(
            Batch.Entry(
                topic: topicID(topic), version: version, bytes: latest,
                held: subscribers[id].exchangeHeld(slot, for: version)))
        if let now { statistics.age.record(from: topics[topic].accepted, to: now) }
    }

    /// The same for a reader that is told what is stale: the notice goes with the value, or alone where the reader has that.
    @inline(never) private func takeTellingStaleness(
        _ id: SubscriberID, _ slot: UInt32, _ byteBudget: Int, _ now: Instant?, _ batch: inout Batch
    ) -> Visit {
        let topic = subscribers[id].slots[Int(slot)].topic
        let notice = staleTopic(topic)?.notice
        let latest = subscribers[id].isMarkedStale(slot) ? nil : topics[topic].latestBytes
        let byteCount = (latest?.count ?? 0) + (notice?.byteCount ?? 0)
        guard batch.isEmpty || batch.byteCount + byteCount <= byteBudget else { return .refused }
        if let latest { take(latest, of: topic, id, slot, now, &batch) }
        if let notice { batch.append(staleNotice: notice) }
        subscribers[id].unmark(slot)
        subscribers[id].forgetStaleMark(slot)
        return .over
    }

    private func takeLog(
        _ id: SubscriberID, _ slot: UInt32, _ log: TopicLog, _ byteBudget: Int, _ now: Instant?,
        _ batch: inout Batch
    ) -> Visit {
        let topic = subscribers[id].slots[Int(slot)].topic
        var next = enterLog(id, slot, log, topics[topic].name, &batch)
        var taken = 0
        var isFull = false
        while next < log.endVersion, taken < Self.logUpdatesAVisit {
            let kept = log[next]
            let bytes = kept.payload.unsafeBytes
            isFull = !batch.entries.isEmpty && batch.byteCount + bytes.count > byteBudget
            if isFull { break }
            batch.append(
                Batch.Entry(
                    topic: topicID(topic), version: next, bytes: bytes,
                    held: subscribers[id].exchangeHeld(slot, for: next)))
            if let now { statistics.age.record(from: kept.accepted, to: now) }
            next += 1
            taken += 1
        }
        subscribers[id].setLogPosition(.version(next), of: slot)
        if next == log.endVersion {
            if subscribers[id].isToldStaleness {
                if let stale = staleTopic(topic) {
                    guard batch.isEmpty || batch.byteCount + stale.notice.byteCount <= byteBudget else {
                        subscribers[id].roundLimit = min(subscribers[id].roundLimit, stale.sequence - 1)
                        return taken == 0 ? .refused : .cut
                    }
                    batch.append(staleNotice: stale.notice)
                }
                subscribers[id].forgetStaleMark(slot)
            }
            subscribers[id].unmark(slot)
            return .over
        }
        subscribers[id].roundLimit = min(subscribers[id].roundLimit, log[next].sequence - 1)
        if !isFull { return .over }
        return taken == 0 ? .refused : .cut
    }

    /// The version that the reader is to be sent next, after a gap where it cannot have what it lacks.
    private func enterLog(
        _ id: SubscriberID, _ slot: UInt32, _ log: TopicLog, _ name: Payload, _ batch: inout Batch
    ) -> UInt64 {
        let expected: UInt64?
        switch subscribers[id].logPosition(of: slot) {
        case .version(let version): expected = version
        case .beginning: expected = log.originVersion
        case .unknown: expected = nil
        case nil: expected = log.firstVersion
        }
        if let expected, expected >= log.firstVersion { return expected }
        batch.gaps.append(
            Gap(topic: name, next: log.firstVersion, missed: expected.map { log.firstVersion - $0 }))
        return log.firstVersion
    }
}
