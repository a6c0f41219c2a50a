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
        #expect(outcome == PublishOutcome(accepted: 5, lastVersion: 3, time: UnixTime(milliseconds: 5)))
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

    /// Whatever was, one that was restored from a state numbers what follows as the other one does. The state is of one moment,
    /// whatever happens while it is taken down.
    @Test(arguments: 1...40 as ClosedRange<UInt64>) func goesOnFromAState(seed: UInt64) throws {
        var history = try RandomHistory(seed: seed)
        var first = Numbering(lineage: Lineage(Epoch("e")), retention: history.retention)
        var batch = UpdateBatch()
        var told = Recorder()
        for _ in 0..<Int.random(in: 0...120, using: &history.random) {
            try history.fill(&batch)
            _ = try first.number(batch, at: history.moment, to: &told)
        }
        told.removeAll()
        let before = first.told
        var state = WrittenState(first.beginStateWalk())
        var entries: [[UInt8]] = []
        for _ in 0..<120 {
            if history.chance(40, &history.random), !state.isWhole {
                state.take(first.takeStates(Int.random(in: 1...4, using: &history.random)))
            }
            try history.fill(&batch)
            entries.append(batch.entry(at: history.moment))
            _ = try first.number(batch, at: history.moment, to: &told)
        }
        while !state.isWhole { state.take(first.takeStates(3)) }
        let second = try state.restored()
        #expect(difference(second.told, before) == nil, "seed \(seed)")
        var (reader, heard) = (NumberedReader(inbox: second.addInbox {}), [NumberedEntry]())
        reader.take(into: &heard)
        heard = []
        for entry in entries { try second.apply(entry) }
        reader.take(into: &heard)
        #expect(difference(told.told, heard.map(\.told)) == nil, "seed \(seed)")
        #expect(difference(first.told, second.told) == nil, "seed \(seed)")
    }
}
