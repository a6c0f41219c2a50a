/// All that is, as entries: what a latecomer is told before it hears what follows.
internal import Primitives

/// The shortest list of entries that makes an empty replica hold what is there, as a sequencer collects it under its lock: not in
/// order yet, because sorting can wait.
struct Beginning: Sendable {
    let sequence: UInt64
    let lineage: Lineage
    fileprivate(set) var topics: [InboxEntry] = []
    fileprivate(set) var updates: [InboxEntry] = []
    fileprivate(set) var rest: [InboxEntry] = []

    consuming func inOrder() -> [InboxEntry] {
        updates.sort { $0.sequence < $1.sequence }
        topics.reserveCapacity(topics.count + updates.count + rest.count)
        topics.append(contentsOf: updates)
        topics.append(contentsOf: rest)
        return topics
    }
}

extension Numbering {
    /// What recreates the present state. Takes time in proportion to the number of topics and kept updates.
    func beginning() -> Beginning {
        var beginning = Beginning(sequence: sequence, lineage: lineage)
        beginning.topics.reserveCapacity(records.count)
        beginning.updates.reserveCapacity(records.count)
        for index in 0..<UInt32(records.limit) where records.contains(index) {
            guard let latest = records[index].latest else { continue }
            if let log = records[index].log {
                append(log, of: index, to: &beginning)
            } else {
                // No log begins here, so nobody asks for the numbers of the first update.
                beginning.topics.append(created(index, keeping: 0, 1, 1))
                let event: InboxEntry.Event = records[index].isEnded ? .tombstone : .value
                beginning.updates.append(
                    entry(event, index, latest, records[index].sequence, records[index].version))
            }
            if let staleness = records[index].lifetime?.staleness {
                beginning.updates.append(
                    entry(.stale, index, staleness.notice, staleness.sequence, records[index].version))
            }
        }
        if purgedSequence > 0 { beginning.rest.append(forgottenEntry) }
        // The last entry also says where the present is.
        beginning.rest.append(lineageEntry)
        return beginning
    }

    private func append(_ log: TopicLog, of topic: UInt32, to beginning: inout Beginning) {
        beginning.topics.append(
            created(topic, keeping: log.limit, log.originSequence, log.originVersion))
        if log.lostSequence > 0 {
            beginning.topics.append(
                entry(.trimmed, topic, records[topic].name, log.lostSequence, log.firstVersion))
        }
        for version in log.firstVersion..<log.endVersion {
            let kept = log[version]
            // Of tombstones before the last one nothing is left but their lines.
            beginning.updates.append(
                InboxEntry(
                    payload: kept.payload, sequence: kept.sequence, version: version, accepted: kept.accepted,
                    timeToLive: version + 1 == log.endVersion ? timeToLive(of: topic) : .unsaid, topic: topic,
                    event: version + 1 == log.lifeVersion ? .tombstone : .value))
        }
    }

    private func created(
        _ topic: UInt32, keeping keptCount: Int, _ sequence: UInt64, _ version: UInt64
    ) -> InboxEntry {
        InboxEntry(
            created: records[topic].name, keeping: keptCount, sequence: sequence, version: version,
            accepted: records[topic].accepted, topic: topic)
    }

    private func entry(
        _ event: InboxEntry.Event, _ topic: UInt32, _ payload: Payload, _ sequence: UInt64, _ version: UInt64
    ) -> InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: version, accepted: records[topic].accepted,
            timeToLive: event == .value ? timeToLive(of: topic) : .unsaid, topic: topic, event: event)
    }

    private func timeToLive(of topic: UInt32) -> TimeToLive { records[topic].lifetime?.given ?? .unsaid }
}
