/// Polls: what changed after a cursor, oldest change first.
package import Primitives

extension BrokerReplica {
    /// Patterns that cover no more topics than this are looked up; for others the changes are gone through.
    private static var lookedUpTopicCount: Int { 2048 }

    /// Begins to look for what `requested` lacks after `cursor`, for an answer of about `byteBudget` bytes. `last` is as for
    /// `subscribe`.
    package func beginPoll(
        of requested: [TopicPattern], after cursor: Cursor?, last: Int? = nil, tellingStaleness: Bool = false,
        byteBudget: Int
    ) -> PollQuery {
        let isResumed = honoursCaughtUp(cursor)
        return PollQuery(
            of: requested, after: isResumed ? cursor?.sequence : nil,
            snapshotBegan: isResumed ? cursor?.snapshotBegan : sequence,
            excerpt: Excerpt(last: last, after: cursor, isResumed: isResumed, at: sequence),
            tellingStaleness: tellingStaleness, byteBudget: byteBudget)
    }

    /// The same after a cursor that was honoured when the poll began to wait.
    package func beginPoll(
        of requested: [TopicPattern], after start: UInt64, tellingStaleness: Bool = false, byteBudget: Int
    ) -> PollQuery {
        PollQuery(
            of: requested, after: start, snapshotBegan: nil, excerpt: nil, tellingStaleness: tellingStaleness,
            byteBudget: byteBudget)
    }

    /// Goes on; returns whether the answer can be made, in this very step.
    package func advance(_ poll: PollQuery, _ ration: inout Ration) -> Bool {
        if let covered = poll.covered, covered < purgedSequence {
            // What has ended and is forgotten can be told no more: it begins anew, as a reset.
            poll.beginAnew(at: sequence)
        }
        let way = poll.way ?? chooseWay(for: poll, &ration)
        poll.way = way
        guard case .changes(let covered, var upTo) = way else {
            lookUp(poll, &ration)
            return true
        }
        let isOver =
            collect(logChanges, after: &upTo.logs, covered, poll, &ration)
            && collectStale(after: &upTo.stale, covered, poll, &ration)
            && collect(latestChanges, after: &upTo.latest, covered, poll, &ration)
        if isOver {
            // Changes of a few turns at most.
            var rest = Ration(steps: .max)
            _ = collect(logChanges, after: &upTo.logs, covered, poll, &rest)
            _ = collectStale(after: &upTo.stale, covered, poll, &rest)
        }
        poll.way = .changes(covered: covered, upTo: upTo)
        return isOver
    }

    private func chooseWay(for poll: PollQuery, _ ration: inout Ration) -> PollQuery.Way {
        var topicCount = 0
        for pattern in poll.patterns where pattern.isWild {
            ration.take()
            topicCount += mostTopics(coveredBy: pattern)
            guard topicCount <= Self.lookedUpTopicCount else {
                let start = poll.start ?? 0
                return .changes(
                    covered: PatternSet(poll.patterns),
                    upTo: PollQuery.Positions(logs: start, stale: start, latest: start))
            }
        }
        return .topics
    }

    // MARK: Finding

    private func lookUp(_ poll: PollQuery, _ ration: inout Ration) {
        var seen = Set<UInt32>()
        for pattern in poll.patterns {
            if pattern.isWild {
                var scan = PatternScan(pattern)
                var all = Ration(steps: .max)
                while let topic = scan.next(in: tree, topics, &all) {
                    if seen.insert(topic).inserted { lookAt(topic, poll) }
                }
                ration.take(all.taken)
            } else if let topic = find(pattern) {
                ration.take()
                if poll.patterns.count == 1 || seen.insert(topic).inserted { lookAt(topic, poll) }
            }
        }
        if poll.found.count > 1 { poll.found.sort { $0.sequence < $1.sequence } }
        if poll.stale.count > 1 { poll.stale.sort { $0.sequence < $1.sequence } }
    }

    private func lookAt(_ topic: UInt32, _ poll: PollQuery) {
        _ = collect(topic, poll)
        if poll.tellsStaleness, let stale = staleTopic(topic, after: poll.start) { poll.stale.append(stale) }
    }

    /// Collects what changed after `position`, which moves on; returns whether that was all, or the answer is full.
    private func collect(
        _ changes: ChangeList, after position: inout UInt64, _ covered: PatternSet, _ poll: PollQuery,
        _ ration: inout Ration
    ) -> Bool {
        var next = changes.first(after: position, topics)
        while let topic = next {
            guard !ration.isSpent else { return false }
            ration.take()
            position = topics[topic].sequence
            if covered.covers(topics[topic].name.unsafeBytes), !collect(topic, poll) { return true }
            next = changes.next(after: topic, topics)
        }
        return true
    }

    /// Takes note of a topic that the poll lacks something of; false where the answer is full without it.
    private func collect(_ topic: UInt32, _ poll: PollQuery) -> Bool {
        if hadEnded(topic, when: poll.snapshotBegan) { return true }
        if topics[topic].isLog {
            poll.logs.insert(topic)
            return true
        }
        guard let latest = topics[topic].latestBytes,
            poll.start.map({ topics[topic].sequence > $0 }) ?? !topics[topic].isEnded
        else { return true }
        if case .changes? = poll.way, !poll.found.isEmpty, poll.byteCount + latest.count > poll.byteBudget {
            // What changed since it was found comes again, later.
            poll.found.removeAll { !isPresent($0) }
            poll.byteCount = poll.found.reduce(0) { $0 + (topics[$1.topic].latestBytes?.count ?? 0) }
            poll.isCut = !poll.found.isEmpty && poll.byteCount + latest.count > poll.byteBudget
            if poll.isCut { return false }
        }
        poll.found.append(PollQuery.Found(topic: topic, sequence: topics[topic].sequence))
        poll.byteCount += latest.count
        return true
    }

    /// The same of topics that became stale, for one answer's worth; returns whether that was all.
    private func collectStale(
        after position: inout UInt64, _ covered: PatternSet, _ poll: PollQuery, _ ration: inout Ration
    ) -> Bool {
        guard poll.tellsStaleness else { return true }
        var next = staleChanges.first(after: position, staleTopics)
        while let place = next, !poll.isStaleCut {
            guard !ration.isSpent else { return false }
            ration.take()
            let stale = staleTopics[place]
            position = stale.sequence
            if covered.covers(topics[stale.topic].name.unsafeBytes) { poll.append(stale) }
            next = staleChanges.next(after: place, staleTopics)
        }
        return true
    }

    private func isPresent(_ found: PollQuery.Found) -> Bool {
        topics.contains(found.topic) && topics[found.topic].sequence == found.sequence
    }

    // MARK: Answering

    /// Fills `batch`, which must be empty, with the answer. Only in the step in which `advance` has said that it can be made.
    ///
    /// - Parameter now: for counting how old what is told is; nil where that says nothing of the way here.
    package func finish(_ poll: PollQuery, at now: Instant? = nil, into batch: inout Batch) {
        let found = poll.found.filter { isPresent($0) }
        let stale = poll.stale.filter { staleTopic($0.topic)?.sequence == $0.sequence }
        var (logs, gaps) = lackedLogs(poll)
        // Behind the last one found nothing is known.
        let known = min(
            poll.isCut ? found.last?.sequence ?? 0 : .max,
            poll.isStaleCut ? poll.stale.last?.sequence ?? 0 : .max)
        var end = min(known, sequence)
        var (place, stalePlace) = (0, 0)
        while true {
            let latest = place < found.count ? found[place].sequence : .max
            let told = stalePlace < stale.count ? stale[stalePlace].sequence : .max
            let kept = logs.first?.sequence ?? .max
            let next = min(latest, told, kept)
            if next == .max { break }
            let notice = next == told ? stale[stalePlace].notice : nil
            let entry =
                next == latest
                ? update(of: found[place].topic) : next == kept ? logs.first.map { update(kept: $0) } : nil
            let byteCount = (entry?.bytes.count ?? 0) + (notice?.byteCount ?? 0)
            guard next <= known, batch.isEmpty || batch.byteCount + byteCount <= poll.byteBudget else {
                batch.hasMore = true
                break
            }
            if let entry {
                batch.append(entry)
                if let now { statistics.age.record(from: accepted(entry), to: now) }
            }
            if let notice { batch.append(staleNotice: notice) }
            end = next
            if next == latest { place += 1 } else if next == told { stalePlace += 1 } else { logs.advance() }
        }
        if known < .max { batch.hasMore = true }
        batch.cursor = batch.hasMore ? end : sequence
        if batch.hasMore, let began = poll.snapshotBegan, began > end {
            batch.snapshotBegan = began
            batch.snapshotLast = poll.excerpt.map { Int($0.count) }
        }
        // A gap after the end goes into the answer to that cursor. Here it would be told twice.
        let told = batch.cursor ?? 0
        for lost in gaps where lost.sequence <= told { batch.gaps.append(lost.gap) }
    }

    /// The logs of which the poll lacks something, and what of them it can have no more.
    private func lackedLogs(_ poll: PollQuery) -> (LogMerge, [(sequence: UInt64, gap: Gap)]) {
        var logs = LogMerge()
        var gaps: [(sequence: UInt64, gap: Gap)] = []
        for topic in poll.logs where topics.contains(topic) {
            guard let log = topics[topic].log else { continue }
            if let start = poll.start, log.hasLost(after: start, poll.excerpt) {
                let isWhole = lacksWhole(log, after: start, poll.excerpt)
                let missed = isWhole ? log.firstVersion - log.originVersion : nil
                gaps.append(
                    (log.lostSequence, Gap(topic: topics[topic].name, next: log.firstVersion, missed: missed))
                )
            }
            logs.add(topic, log, from: log.firstVersion(lackedAfter: poll.start, poll.excerpt))
        }
        return (logs, gaps)
    }

    private func update(of topic: UInt32) -> Batch.Entry? {
        topics[topic].latestBytes.map {
            Batch.Entry(topic: topicID(topic), version: topics[topic].version, bytes: $0)
        }
    }

    private func update(kept: LogMerge.Head) -> Batch.Entry {
        Batch.Entry(
            topic: topicID(kept.topic), version: kept.version,
            bytes: kept.log[kept.version].payload.unsafeBytes)
    }

    private func accepted(_ entry: Batch.Entry) -> Instant {
        topics[entry.topic.index].log?[entry.version].accepted ?? topics[entry.topic.index].accepted
    }
}
