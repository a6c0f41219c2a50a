/// Taking marks: what a reader is sent is read at the moment when it can take it.
internal import Primitives

extension BrokerReplica {
    /// A log may not keep a reader's other topics waiting: so many of its updates, then the next topic's turn.
    private static var logUpdatesAVisit: Int { 64 }

    /// Moves what `id` lacks into `batch`, which must be empty: at least one update if there is one, then more
    /// while they fit `byteBudget`. With `oneRound` no topic comes twice, which is what a pace allows.
    package func drain(
        _ id: SubscriberID, byteBudget: Int, oneRound: Bool = false, into batch: inout Batch
    ) {
        while subscribers[id].markCount > 0 {
            if subscribers[id].position == 0 { subscribers[id].beginRound(at: sequence) }
            guard let slot = subscribers[id].nextMarked(from: subscribers[id].position) else {
                subscribers[id].endRound()
                if oneRound { break }
                continue
            }
            guard take(id, slot, byteBudget, &batch) else {
                subscribers[id].position = Int(slot)
                batch.hasMore = true
                break
            }
            subscribers[id].position = Int(slot) + 1
        }
        if subscribers[id].markCount == 0 { subscribers[id].position = 0 }
        batch.cursor = subscribers[id].cursor(at: sequence)
    }

    /// Takes one slot's turn; false when the budget does not allow it.
    private func take(_ id: SubscriberID, _ slot: UInt32, _ byteBudget: Int, _ batch: inout Batch) -> Bool {
        let topic = subscribers[id].slots[Int(slot)].topic
        if let log = topics[topic].log { return takeLog(id, slot, log, byteBudget, &batch) }
        if let latest = topics[topic].latest {
            guard batch.updates.isEmpty || batch.byteCount + latest.byteCount <= byteBudget else {
                return false
            }
            batch.append(latest.unsafeBytes)
        }
        subscribers[id].unmark(slot)
        return true
    }

    private func takeLog(
        _ id: SubscriberID, _ slot: UInt32, _ log: UpdateLog, _ byteBudget: Int, _ batch: inout Batch
    ) -> Bool {
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
        while next < log.endVersion, taken < Self.logUpdatesAVisit {
            let bytes = log[next].payload.unsafeBytes
            guard batch.updates.isEmpty || batch.byteCount + bytes.count <= byteBudget else { break }
            batch.append(bytes)
            next += 1
            taken += 1
        }
        subscribers[id].logPositions[slot] = next
        if next == log.endVersion {
            subscribers[id].unmark(slot)
            return true
        }
        subscribers[id].roundLimit = min(subscribers[id].roundLimit, log[next].sequence - 1)
        return taken == Self.logUpdatesAVisit
    }
}
