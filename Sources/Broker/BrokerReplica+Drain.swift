/// Taking marks: what a reader is sent is read at the moment when it can take it.
package import Primitives

extension BrokerReplica {
    /// A log may not keep a reader's other topics waiting: so many of its updates, then the next topic's turn.
    private static var logUpdatesAVisit: Int { 64 }

    /// Moves what `id` lacks into `batch`, which must be empty: at least one update if there is one, then more
    /// while they fit `byteBudget`. With `oneRound` no topic comes twice, which is what a pace allows.
    ///
    /// - Parameter now: for counting how old what is taken is; nil where that says nothing of the way here, as in a
    ///   snapshot.
    package func drain(
        _ id: SubscriberID, byteBudget: Int, oneRound: Bool = false, at now: Instant? = nil,
        into batch: inout Batch
    ) {
        if let now, subscribers[id].markCount > 0 {
            countWait(of: id, until: now)
            subscribers[id].markedSince = now
        }
        while subscribers[id].markCount > 0 {
            if subscribers[id].position == 0 { subscribers[id].beginRound(at: sequence) }
            guard let slot = subscribers[id].nextInRound() else {
                subscribers[id].endRound()
                if oneRound, !batch.isEmpty { break }
                continue
            }
            let visit = take(id, slot, byteBudget, now, &batch)
            subscribers[id].position = Int(slot) + (visit == .refused ? 0 : 1)
            if visit != .over {
                batch.hasMore = true
                break
            }
        }
        if subscribers[id].markCount == 0 { subscribers[id].position = 0 }
        batch.cursor = subscribers[id].cursor(at: sequence)
        subscribers[id].delivered += UInt64(batch.updates.count)
    }

    /// Counts how long the subscriber's first change has waited, unless what is marked is a snapshot's.
    func countWait(of id: SubscriberID, until now: Instant) {
        guard subscribers[id].markedSince != .never else { return }
        delays.wait.record(from: subscribers[id].markedSince, to: now)
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

    private func take(
        _ id: SubscriberID, _ slot: UInt32, _ byteBudget: Int, _ now: Instant?, _ batch: inout Batch
    ) -> Visit {
        let topic = subscribers[id].slots[Int(slot)].topic
        if topics[topic].isForgotten { settleLater(topic) }
        if topics[topic].isLog, let log = topics[topic].log {
            return takeLog(id, slot, log, byteBudget, now, &batch)
        }
        if let latest = topics[topic].latestBytes {
            guard batch.updates.isEmpty || batch.byteCount + latest.count <= byteBudget else {
                return .refused
            }
            batch.append(latest)
            if let now { delays.age.record(from: topics[topic].accepted, to: now) }
        }
        subscribers[id].unmark(slot)
        return .over
    }

    private func takeLog(
        _ id: SubscriberID, _ slot: UInt32, _ log: TopicLog, _ byteBudget: Int, _ now: Instant?,
        _ batch: inout Batch
    ) -> Visit {
        let topic = subscribers[id].slots[Int(slot)].topic
        var next = subscribers[id].logPositions[slot] ?? log.firstVersion
        let isUnknown = next == Self.unknownPosition
        if next == 0 { next = log.originVersion }
        if isUnknown || next < log.firstVersion {
            let missed = isUnknown ? nil : log.firstVersion - next
            batch.gaps.append(Gap(topic: topics[topic].name, next: log.firstVersion, missed: missed))
            next = log.firstVersion
        }
        var taken = 0
        var isFull = false
        while next < log.endVersion, taken < Self.logUpdatesAVisit {
            let kept = log[next]
            let bytes = kept.payload.unsafeBytes
            isFull = !batch.updates.isEmpty && batch.byteCount + bytes.count > byteBudget
            if isFull { break }
            batch.append(bytes)
            if let now { delays.age.record(from: kept.accepted, to: now) }
            next += 1
            taken += 1
        }
        subscribers[id].logPositions[slot] = next
        if next == log.endVersion {
            subscribers[id].unmark(slot)
            return .over
        }
        subscribers[id].roundLimit = min(subscribers[id].roundLimit, log[next].sequence - 1)
        if !isFull { return .over }
        return taken == 0 ? .refused : .cut
    }
}
