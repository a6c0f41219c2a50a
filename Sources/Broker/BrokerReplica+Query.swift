/// Questions that are answered at once: one topic's latest update, listings, and what a poll asks.
package import Primitives

extension BrokerReplica {
    /// The latest update of a topic that holds a value. Valid until the replica next changes.
    package func latest(_ name: Span<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        guard let topic = name.withUnsafeBufferPointer({ names.find($0) }), topics[topic].hasValue else {
            return nil
        }
        return topics[topic].latest?.unsafeBytes
    }

    /// Fills `batch` with the latest updates of what `pattern` covers (nil: all), in byte order of the names,
    /// after the name `after`, up to `limit` updates and about `byteBudget` bytes; returns the last name if
    /// more follow.
    package func list(
        _ pattern: TopicPattern?, after: [UInt8]?, limit: Int, byteBudget: Int, into batch: inout Batch
    ) -> Payload? {
        var last: Payload?
        var isCut = false
        forEachTopic(coveredBy: pattern, after: after) { topic in
            guard topics[topic].hasValue, let latest = topics[topic].latest else { return true }
            if batch.entries.count == limit
                || !batch.entries.isEmpty && batch.byteCount + latest.byteCount > byteBudget
            {
                isCut = true
                return false
            }
            batch.append(
                Batch.Entry(
                    topic: topicID(topic), version: topics[topic].version, bytes: latest.unsafeBytes))
            last = topics[topic].name
            return true
        }
        return isCut ? last : nil
    }

    /// Calls `body` with each topic that `pattern` covers (nil: every one), in byte order of the names, until
    /// it returns false.
    func forEachTopic(
        coveredBy pattern: TopicPattern?, after: [UInt8]? = nil, _ body: (UInt32) -> Bool
    ) {
        let all = sorted.all(of: topics)
        let prefix = pattern.map { Array($0.literalPrefix) } ?? []
        var at = prefix.withUnsafeBufferPointer { sorted.firstPlace(notBefore: $0, topics) }
        if let after {
            let place = after.withUnsafeBufferPointer { sorted.firstPlace(notBefore: $0, topics) }
            at = max(at, place)
            if at < all.count, topics[all[at]].name.unsafeBytes.elementsEqual(after) { at += 1 }
        }
        while at < all.count {
            let name = topics[all[at]].name.unsafeBytes
            guard name.starts(with: prefix) else { return }
            if pattern?.covers(name) ?? true, !body(all[at]) { return }
            at += 1
        }
    }

    // MARK: Polls

    /// Fills `batch` with what `requested` lacks after `cursor`, oldest change first, as far as `byteBudget`
    /// allows; returns whether the cursor was honoured (a reset otherwise, if one was presented).
    ///
    /// Because it goes by age, an answer that is cut by the budget still ends in a cursor: the last update's.
    /// Whatever was not sent has changed after it, and comes with the next answer.
    package func changes(
        of requested: [TopicPattern], after cursor: Cursor?, byteBudget: Int, into batch: inout Batch
    ) -> Bool {
        let isResumed = honoursCaughtUp(cursor)
        let start = isResumed ? cursor?.sequence : nil
        var lacking = Lacking()
        var seen = Set<UInt32>()
        for pattern in requested where !pattern.isWild {
            guard let topic = pattern.text.withUnsafeBufferPointer({ names.find($0) }) else { continue }
            if requested.count == 1 || seen.insert(topic).inserted { collect(topic, start, &lacking) }
        }
        let wild = requested.filter(\.isWild)
        if !wild.isEmpty {
            // From the newest change back: what is not newer than the cursor ends the walk.
            var topic = newestChange
            while topic != Topic.none, topics[topic].sequence > start ?? 0 {
                let name = topics[topic].name.unsafeBytes
                if wild.contains(where: { $0.covers(name) }), seen.insert(topic).inserted {
                    collect(topic, start, &lacking)
                }
                topic = topics[topic].older
            }
        }
        finish(&lacking, byteBudget, &batch)
        return isResumed
    }

    /// The same for a poll that waited as a subscriber since `start`: only its marked topics are looked at.
    package func changes(
        of id: SubscriberID, after start: UInt64, byteBudget: Int, at now: Instant, into batch: inout Batch
    ) {
        var lacking = Lacking()
        countWait(of: id, until: now)
        var slot = subscribers[id].nextMarked(from: 0)
        while let marked = slot {
            collect(subscribers[id].slots[Int(marked)].topic, start, &lacking)
            slot = subscribers[id].nextMarked(from: Int(marked) + 1)
        }
        finish(&lacking, byteBudget, &batch)
        for update in lacking.updates.prefix(batch.entries.count) {
            delays.age.record(from: update.accepted, to: now)
        }
    }

    private struct Lacking {
        var updates: [(sequence: UInt64, accepted: Instant, entry: Batch.Entry)] = []
        /// With the sequence number of the last update that is missing.
        var gaps: [(sequence: UInt64, gap: Gap)] = []
    }

    private func collect(_ topic: UInt32, _ start: UInt64?, _ lacking: inout Lacking) {
        if let log = topics[topic].log {
            var version = start.map { log.firstVersion(after: $0) } ?? max(log.firstVersion, log.lifeVersion)
            if let start, log.lostSequence > start {
                let missed = log.isWholeAfter(start) ? log.firstVersion - log.originVersion : nil
                let gap = Gap(topic: topics[topic].name, next: log.firstVersion, missed: missed)
                lacking.gaps.append((log.lostSequence, gap))
            }
            while version < log.endVersion {
                let kept = log[version]
                let entry = Batch.Entry(
                    topic: topicID(topic), version: version, bytes: kept.payload.unsafeBytes)
                lacking.updates.append((kept.sequence, kept.accepted, entry))
                version += 1
            }
        } else if let latest = topics[topic].latest,
            start.map({ topics[topic].sequence > $0 }) ?? !topics[topic].isEnded
        {
            let entry = Batch.Entry(
                topic: topicID(topic), version: topics[topic].version, bytes: latest.unsafeBytes)
            lacking.updates.append((topics[topic].sequence, topics[topic].accepted, entry))
        }
    }

    private func finish(_ lacking: inout Lacking, _ byteBudget: Int, _ batch: inout Batch) {
        var end = sequence
        if lacking.updates.count > 1 { lacking.updates.sort { $0.sequence < $1.sequence } }
        for (place, update) in lacking.updates.enumerated() {
            if place > 0, batch.byteCount + update.entry.bytes.count > byteBudget {
                end = lacking.updates[place - 1].sequence
                batch.hasMore = true
                break
            }
            batch.append(update.entry)
        }
        batch.cursor = end
        // A gap after the end goes into the answer to that cursor. Here it would be told twice.
        for lost in lacking.gaps where lost.sequence <= end { batch.gaps.append(lost.gap) }
    }
}
