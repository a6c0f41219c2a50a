/// All that is, as entries: what a latecomer is told before it hears what follows.
internal import Primitives

/// The shortest list of entries that makes an empty sequencer, or an empty replica, hold what another one holds.
package struct Checkpoint: Sendable {
    /// The last sequence number that it covers.
    package let sequence: UInt64
    package let lineage: Lineage
    /// Topics first, then the kept updates in their order, what is forgotten, and the lineage.
    package let entries: [NumberedEntry]

    package init(sequence: UInt64, lineage: Lineage, entries: [NumberedEntry]) {
        self.sequence = sequence
        self.lineage = lineage
        self.entries = entries
    }

    init(_ beginning: consuming Beginning) {
        sequence = beginning.sequence
        lineage = beginning.lineage
        var names = EntryNames()
        entries = beginning.inOrder().map { names.name($0) }
    }
}

/// The same as a sequencer collects it under its lock: not in order yet, because sorting can wait.
struct Beginning: Sendable {
    let sequence: UInt64
    let lineage: Lineage
    fileprivate(set) var topics: [InboxEntry] = []
    fileprivate(set) var updates: [InboxEntry] = []
    fileprivate(set) var rest: [InboxEntry] = []

    consuming func inOrder() -> [InboxEntry] {
        updates.sort { $0.sequence < $1.sequence }
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
                // No log begins here, so nobody asks for the numbers of the first update. Where the receiver keeps
                // one, it finds that versions are missing, which is true.
                beginning.topics.append(entry(.created, index, records[index].name, 1, 1))
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
        let name = records[topic].name
        beginning.topics.append(entry(.created, topic, name, log.originSequence, log.originVersion))
        if log.lostSequence > 0 {
            beginning.topics.append(entry(.trimmed, topic, name, log.lostSequence, log.firstVersion))
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

    private func entry(
        _ event: InboxEntry.Event, _ topic: UInt32, _ payload: Payload, _ sequence: UInt64, _ version: UInt64
    ) -> InboxEntry {
        InboxEntry(
            payload: payload, sequence: sequence, version: version, accepted: records[topic].accepted,
            timeToLive: event == .value ? timeToLive(of: topic) : .unsaid, topic: topic, event: event)
    }

    private func timeToLive(of topic: UInt32) -> TimeToLive { records[topic].lifetime?.given ?? .unsaid }
}
