import Primitives
import Testing

/// The numbering alone: no lock, no inbox, no replica.
@testable import Broker

@Suite struct NumberingTests {
    private func number(
        _ updates: [(String, String?)], _ numbering: inout Numbering, _ sink: inout Recorder
    ) throws -> PublishOutcome {
        var batch = UpdateBatch()
        for (topic, data) in updates {
            if let data {
                try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span)
            } else {
                try batch.append(tombstoneOf: Array(topic.utf8).span)
            }
        }
        let moment = Numbering.Moment(time: UnixTime(milliseconds: 5), now: Instant(nanoseconds: 5))
        return try numbering.number(batch, at: moment, to: &sink)
    }

    @Test func countsVersionsOfEachTopicAndOneSequence() throws {
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = 0
        var numbering = Numbering(lineage: Lineage(Epoch("e")), retention: retention)
        var sink = Recorder()
        let outcome = try number(
            [("a", "1"), ("b", "2"), ("a", nil), ("c", nil), ("a", "3")], &numbering, &sink)
        #expect(outcome == PublishOutcome(accepted: 5, lastVersion: 3))
        #expect(
            sink.entries.map { "\($0.event) \($0.topic.text) \($0.version) \($0.sequence)" } == [
                "created a 1 1", "value a 1 1", "created b 1 2", "value b 1 2", "tombstone a 2 3",
                "purged a 2 3", "created a 3 4", "value a 3 4",
            ])
        #expect(numbering.liveCount == 2 && numbering.purgedSequence == 3 && numbering.purgedVersion == 2)
    }

    @Test func aRefusedBatchChangesNothing() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 1
        var numbering = Numbering(lineage: Lineage(Epoch("e")), retention: retention)
        var sink = Recorder()
        _ = try number([("a", "1")], &numbering, &sink)
        let (before, count) = (numbering.told, sink.entries.count)
        var refusal: PublishFailure?
        do {
            _ = try number([("a", "2"), ("b", "1")], &numbering, &sink)
        } catch {
            refusal = error as? PublishFailure
        }
        #expect(refusal == .tooManyTopics(limit: 1))
        #expect(difference(numbering.told, before) == nil && sink.entries.count == count)
    }

    /// Whatever was, one that was restored from a checkpoint numbers what follows as the other one does.
    @Test(arguments: 1...24 as ClosedRange<UInt64>) func goesOnFromACheckpoint(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        var first = Numbering(lineage: Lineage(Epoch("e")), retention: history.retention)
        var second = Numbering(lineage: Lineage(Epoch("other")), retention: history.retention)
        var batch = UpdateBatch()
        var (told, restored) = (Recorder(), Recorder())
        for _ in 0..<Int.random(in: 0...120, using: &history.random) {
            try history.fill(&batch)
            _ = try first.number(batch, at: history.moment, to: &told)
        }
        for entry in Checkpoint(first.beginning()).entries {
            second.apply(entry, at: history.now, to: &restored)
        }
        #expect(difference(first.told, second.told) == nil, "seed \(seed)")
        told.removeAll()
        restored.removeAll()
        for step in 0..<120 {
            try history.fill(&batch)
            let left = try first.number(batch, at: history.moment, to: &told)
            let right = try second.number(batch, at: history.moment, to: &restored)
            try #require(left == right, "seed \(seed) step \(step)")
            try #require(difference(told.told, restored.told) == nil, "seed \(seed) step \(step)")
            told.removeAll()
            restored.removeAll()
        }
        #expect(difference(first.told, second.told) == nil, "seed \(seed)")
    }

    /// Entries alone make the same state and are handed on as they came, also when some of them come again.
    @Test(arguments: 1...16 as ClosedRange<UInt64>) func appliesWhatWasNumberedElsewhere(seed: UInt64) throws
    {
        var history = try RandomHistory(seed: seed)
        var first = Numbering(lineage: Lineage(Epoch("e")), retention: history.retention)
        var second = Numbering(lineage: Lineage(Epoch("e")), retention: history.retention)
        var batch = UpdateBatch()
        var (told, applied) = (Recorder(), Recorder())
        for _ in 0..<150 {
            try history.fill(&batch)
            _ = try first.number(batch, at: history.moment, to: &told)
            if history.chance(5, &history.random) {
                first.change(to: first.lineage.continued(by: Epoch("f"), after: first.sequence), &told)
            }
        }
        for (place, entry) in told.entries.enumerated() {
            second.apply(entry, at: history.now, to: &applied)
            let isUpdate = entry.event == .value || entry.event == .tombstone
            if isUpdate, place % 7 == 0 { second.apply(entry, at: history.now, to: &applied) }
        }
        #expect(difference(told.told, applied.told) == nil, "seed \(seed)")
        #expect(difference(first.told, second.told) == nil, "seed \(seed)")
    }
}
