import Primitives

/// Batches by chance: few topics, so that they end, come back and are purged again and again.
@testable import Broker

struct RandomHistory {
    var random: SeededGenerator
    let retention: Sequencer.Retention
    private(set) var time: UInt64 = 1_764_000_000_000

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = [0, 1, 3, 1000].randomElement(using: &random) ?? 0
        for size in [1, 3, 8] { retention.logs.append((try TopicPattern("log\(size)/**"), size)) }
        self.retention = retention
    }

    var now: Instant { Instant(nanoseconds: time * 1_000_000) }
    var moment: Numbering.Moment { Numbering.Moment(time: UnixTime(milliseconds: time), now: now) }

    func chance(_ percent: Int, _ random: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    /// Replaces what `batch` holds by the next one.
    mutating func fill(_ batch: inout UpdateBatch) throws {
        batch.removeAll()
        time += UInt64.random(in: 0...3, using: &random)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let group = ["a", "b", "log1", "log3", "log8"].randomElement(using: &random) ?? "a"
            let name = "\(group)/\(Int.random(in: 0..<4, using: &random))"
            if chance(25, &random) {
                try batch.append(tombstoneOf: Array(name.utf8).span)
            } else {
                let data = "\(Int.random(in: 0..<1000, using: &random))"
                try batch.append(topic: Array(name.utf8).span, data: Array(data.utf8).span)
            }
        }
    }

    /// Publishes the next batch.
    mutating func publish(to sequencer: Sequencer) throws {
        var batch = UpdateBatch()
        try fill(&batch)
        try sequencer.publish(batch, time: UnixTime(milliseconds: time), at: now)
    }
}

/// Keeps what a numbering hands on, as text.
struct Recorder: EntrySink {
    private var names = EntryNames()
    private(set) var entries: [NumberedEntry] = []

    mutating func post(_ entry: InboxEntry) { entries.append(names.name(entry)) }

    mutating func removeAll() { entries.removeAll() }

    var told: [String] { entries.map(\.told) }
}

extension NumberedEntry {
    var told: String { "\(event) \(topic.text) version \(version) number \(sequence) \(payload.text)" }
}

extension Numbering {
    /// All that it holds, as text. The order of topics that begin says nothing: they come before all updates.
    var told: [String] {
        var recorder = Recorder()
        for entry in beginning().inOrder() { recorder.post(entry) }
        let beginnings = recorder.entries.filter { $0.event == .created || $0.event == .trimmed }.map(\.told)
        return beginnings.sorted() + recorder.entries.dropFirst(beginnings.count).map(\.told)
            + ["\(liveCount) live"] + keys.told
    }
}

extension KeyMemory {
    var told: [String] {
        var lines: [String] = []
        forEach { lines.append("\($0): \($1)") }
        return lines
    }
}

/// Where two texts part, short enough for a message; nil where they are the same.
func difference(_ left: [String], _ right: [String]) -> String? {
    guard left != right else { return nil }
    let place = zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset ?? min(left.count, right.count)
    let lines = [left, right].map { $0.count > place ? $0[place] : "its end" }
    return "line \(place): \(lines[0]) is not \(lines[1])"
}

extension BrokerReplica {
    /// All that it holds, as text; what readers see of it, `answers` tells.
    func told() -> [String] {
        var lines = ["\(lineage.text.text) at \(sequence), purged up to \(purgedSequence)"]
        for topic in inOrder(logChanges) + inOrder(latestChanges) {
            lines.append(
                "\(topics[topic].name.text) version \(topics[topic].version) number \(topics[topic].sequence) "
                    + "\(topics[topic].isEnded ? "ended" : "live") \(topics[topic].latest?.text ?? "")")
            if let log = topics[topic].log {
                for version in log.firstVersion..<log.endVersion {
                    lines.append("  \(log[version].sequence) \(log[version].payload.text)")
                }
            }
        }
        return lines
    }

    /// The topics of a list, oldest change first.
    private func inOrder(_ changes: ChangeList) -> [UInt32] {
        var found: [UInt32] = []
        var next = changes.first(after: 0, topics)
        while let topic = next {
            found.append(topic)
            next = changes.next(after: topic, topics)
        }
        return found
    }

    /// What polls with cursors of `epochs` are answered, and the listing of all topics.
    func answers(_ epochs: [Epoch]) throws -> [String] {
        var lines: [String] = []
        var batch = Batch()
        _ = list(.everything, limit: 1000, into: &batch)
        lines.append("list \(batch.lines)")
        let all = [try TopicPattern("**")]
        // The old cursors are mostly too old; a few of them do.
        let sequences = (0...(sequence + 1)).filter { $0 % 23 == 0 || $0 + 40 > sequence }
        for number in 0..<(epochs.count * sequences.count) {
            let epoch = epochs[number / sequences.count]
            let cursor = Cursor(epoch: epoch, sequence: sequences[number % sequences.count])
            batch.removeAll()
            let isResumed = poll(all, after: cursor, into: &batch)
            let gaps = batch.gaps.map { "\($0.topic.text) to \($0.next), \($0.missed ?? 0) missed" }
            lines.append("\(cursor) \(isResumed) \(gaps.sorted()) \(batch.lines)")
        }
        return lines
    }
}

extension Batch {
    /// The updates as text.
    var lines: [String] { entries.map { String(decoding: $0.bytes, as: UTF8.self) } }
}
