import Primitives
import Testing

@testable import Broker

/// The state as chunks, and back.
@Suite struct StateChunksTests {
    private let moment = LogEntry.Moment(
        time: UnixTime(milliseconds: 1), instant: LogClock.Reading(nanoseconds: 1))

    private func sequencer(_ epoch: String, topics: Int) throws -> Sequencer {
        let sequencer = Sequencer(epoch: Epoch(epoch))
        var batch = UpdateBatch()
        for number in 0..<topics {
            try batch.append(topic: Array("topic/\(number)".utf8).span, data: Array("\(number)".utf8).span)
        }
        try sequencer.publish(batch, time: moment.time, at: Instant(nanoseconds: 1))
        return sequencer
    }

    private func take(_ chunks: StateChunks, meanwhile: () -> Void = {}) -> (chunks: [[UInt8]], isWhole: Bool)
    {
        defer { chunks.end() }
        var taken: [[UInt8]] = []
        let isWhole = chunks.takeAll { chunk in
            if taken.isEmpty { meanwhile() }
            taken.append((0..<chunk.count).map { chunk[$0] })
        }
        return (taken, isWhole)
    }

    @Test func theyMakeTheStateAgain() throws {
        let sequencer = try sequencer("e", topics: 10_000)
        let taken = take(StateChunks(of: sequencer, at: moment, by: LogClock()))
        #expect(taken.isWhole && taken.chunks.count > 2)
        let other = Sequencer(epoch: Epoch("none"))
        var restart = LogRestart(into: other)
        for chunk in taken.chunks {
            try chunk.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try restart.restore(bytes) }
        }
        restart.finish()
        #expect(other.topicCount == 10_000 && other.sequence == 10_000 && other.lineage == sequencer.lineage)
    }

    /// What is published meanwhile is no part of it.
    @Test func updatesMayGoOn() throws {
        let sequencer = try sequencer("e", topics: 10)
        let late = try batch("late")
        let taken = take(StateChunks(of: sequencer, at: moment, by: LogClock())) {
            _ = try? sequencer.publish(late, time: moment.time, at: Instant(nanoseconds: 2))
        }
        #expect(taken.isWhole)
        #expect(!taken.chunks.contains { String(decoding: $0, as: UTF8.self).contains("late") })
    }

    /// Half of one state and half of another are no checkpoint.
    @Test func whereAnotherStateTakesItsPlaceItIsNotWhole() throws {
        let (sequencer, next) = (try sequencer("e", topics: 10_000), try sequencer("f", topics: 10))
        let taken = take(StateChunks(of: sequencer, at: moment, by: LogClock())) {
            sequencer.replace(with: next)
        }
        #expect(!taken.isWhole)
    }

    private func batch(_ topic: String) throws -> UpdateBatch {
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: [0x31].span)
        return batch
    }
}
