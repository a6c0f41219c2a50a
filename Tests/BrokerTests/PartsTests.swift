/// Batches that are published in parts: whole or not at all, whatever others publish meanwhile.
import Primitives
import Testing

@testable import Broker

@Suite struct PartsTests {
    private func batch(_ names: [String]) throws -> UpdateBatch {
        var batch = UpdateBatch()
        for name in names { try batch.append(topic: Array(name.utf8).span, data: Array("1".utf8).span) }
        return batch
    }

    private func publish(_ names: [String], to sequencer: Sequencer) throws -> Int {
        try sequencer.publish(batch(names), time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
            .accepted
    }

    private func publish(_ names: [String], to sequencer: Sequencer, _ reserved: inout Int) throws {
        _ = sequencer.publish(
            part: try batch(names), reserved: &reserved, time: UnixTime(milliseconds: 1),
            at: Instant(nanoseconds: 1))
    }

    @Test func roomIsSetAsideForAllThatIsNew() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 10
        let sequencer = Sequencer(epoch: Epoch("e"), retention: retention)
        _ = try publish(["a", "b"], to: sequencer)
        // Five of six are new.
        var reserved = try sequencer.reserve(for: try batch(["a", "c", "d", "e", "f", "g"]))
        #expect(reserved == 5)
        try publish(["a", "c"], to: sequencer, &reserved)
        #expect(reserved == 4)
        // Others have the rest, and no more.
        _ = try publish(["x", "y", "z"], to: sequencer)
        #expect(throws: PublishFailure.tooManyTopics(limit: 10)) { try publish(["w"], to: sequencer) }
        #expect(throws: PublishFailure.tooManyTopics(limit: 10)) {
            try sequencer.reserve(for: try batch(["w"]))
        }
        // What somebody else has created meanwhile needs no room any more.
        try publish(["d", "e"], to: sequencer, &reserved)
        #expect(try publish(["a", "d"], to: sequencer) == 2)
        try publish(["f"], to: sequencer, &reserved)
        #expect(reserved == 1)
        sequencer.release(reserved)
        #expect(try publish(["w"], to: sequencer) == 1)
        #expect(throws: PublishFailure.tooManyTopics(limit: 10)) { try publish(["v"], to: sequencer) }
    }

    /// More is set aside than is needed, and all of it comes back.
    @Test func whereThereIsPlentyNoNameIsLookedAt() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 40
        let sequencer = Sequencer(epoch: Epoch("e"), retention: retention)
        _ = try publish(["a"], to: sequencer)
        var reserved = try sequencer.reserve(for: try batch(["a", "b"]))
        #expect(reserved == 2)
        try publish(["a", "b"], to: sequencer, &reserved)
        #expect(reserved == 1)
        sequencer.release(reserved)
        #expect(try publish((0..<38).map { "t\($0)" }, to: sequencer) == 38)
        #expect(throws: PublishFailure.tooManyTopics(limit: 40)) { try publish(["v"], to: sequencer) }
    }

    @Test func theSameNameTwiceFitsWhereOneDoes() throws {
        var retention = Sequencer.Retention()
        retention.topicLimit = 1
        let sequencer = Sequencer(epoch: Epoch("e"), retention: retention)
        var reserved = try sequencer.reserve(for: try batch(["a", "a", "a"]))
        try publish(["a", "a"], to: sequencer, &reserved)
        try publish(["a"], to: sequencer, &reserved)
        sequencer.release(reserved)
        #expect(try publish(["a"], to: sequencer) == 1)
        #expect(throws: PublishFailure.tooManyTopics(limit: 1)) { try publish(["b"], to: sequencer) }
    }
}
