/// Batches that are published once however often they come, and only while nobody else has published.
import Primitives
import Testing

@testable import Broker

@Suite struct GuardsTests {
    private struct Publisher {
        let sequencer: Sequencer
        var now: UInt64 = 1000
        /// Every entry, for another one to apply.
        var entries: [[UInt8]] = []

        init(_ change: (inout Sequencer.Retention) -> Void = { _ in }) {
            var retention = Sequencer.Retention()
            change(&retention)
            sequencer = Sequencer(epoch: Epoch("e"), retention: retention)
        }

        var moment: Numbering.Moment {
            Numbering.Moment(time: UnixTime(milliseconds: now), now: Instant(nanoseconds: now * 1_000_000))
        }

        mutating func publish(_ batch: borrowing UpdateBatch) throws(PublishFailure) -> PublishOutcome {
            var output = ByteBuffer()
            LogEntry.write(
                batch, at: LogEntry.Moment(time: moment.time, instant: LogClock().reading(at: moment.now)),
                to: &output)
            entries.append(output.bytes.array)
            return try sequencer.publish(batch, time: moment.time, at: moment.now)
        }

        mutating func publish(
            _ updates: [(String, String?)], if condition: VersionCondition? = nil, key: UInt64? = nil
        ) throws -> PublishOutcome {
            try publish(batch(updates, if: condition, key: key))
        }
    }

    private static func key(_ number: UInt64, at place: PublishKey.Place? = nil) -> PublishKey {
        PublishKey(PublishKey.ID(high: 7, low: number), place: place)
    }

    private static func batch(
        _ updates: [(String, String?)], if condition: VersionCondition? = nil, key: UInt64? = nil
    ) throws -> UpdateBatch {
        var batch = UpdateBatch()
        for (name, data) in updates {
            if let data {
                try batch.append(topic: Array(name.utf8).span, data: Array(data.utf8).span)
            } else {
                try batch.append(tombstoneOf: Array(name.utf8).span)
            }
        }
        if let condition { batch.demand(condition) }
        if let key { batch.key = Self.key(key) }
        return batch
    }

    private func conflict(_ version: UInt64, at update: Int = 0) -> PublishFailure {
        .conflict(VersionConflict(update: update, version: version))
    }

    // MARK: Conditions

    @Test func anUpdateCountsWhileItsTopicIsAsItSays() throws {
        var publisher = Publisher()
        #expect(throws: conflict(0)) { try publisher.publish([("a", "1")], if: .exists) }
        #expect(throws: conflict(0)) { try publisher.publish([("a", "1")], if: .version(1)) }
        #expect(try publisher.publish([("a", "1")], if: .version(0)).lastVersion == 1)
        #expect(throws: conflict(1)) { try publisher.publish([("a", "2")], if: .version(0)) }
        #expect(throws: conflict(1)) { try publisher.publish([("a", "2")], if: .version(2)) }
        #expect(try publisher.publish([("a", "2")], if: .version(1)).lastVersion == 2)
        #expect(try publisher.publish([("a", "3")], if: .exists).lastVersion == 3)
        #expect(try publisher.publish([("a", nil)], if: .version(3)).lastVersion == 4)
        // What has ended holds no version.
        #expect(throws: conflict(0)) { try publisher.publish([("a", "5")], if: .version(4)) }
        #expect(try publisher.publish([("a", "5")], if: .version(0)).lastVersion == 5)
        #expect(publisher.sequencer.sequence == 5)
    }

    /// All conditions are of what there was before the batch, and one that is not met refuses all of it.
    @Test func aBatchCountsWholeOrNotAtAll() throws {
        var publisher = Publisher()
        _ = try publisher.publish([("a", "1"), ("b", "1")])
        var batch = try Self.batch([("x", "1"), ("a", "2")], if: .version(1))
        try batch.append(topic: Array("b".utf8).span, data: Array("2".utf8).span)
        batch.demand(.version(2))
        #expect(throws: conflict(1, at: 2)) { try publisher.publish(batch) }
        #expect(publisher.sequencer.sequence == 2 && publisher.sequencer.topicCount == 2)
        var twice = try Self.batch([("a", "2")], if: .version(1))
        try twice.append(topic: Array("a".utf8).span, data: Array("3".utf8).span)
        twice.demand(.version(1))
        #expect(try publisher.publish(twice).lastVersion == 3)
    }

    // MARK: Keys

    @Test func theSameKeyGetsTheSameAnswer() throws {
        var publisher = Publisher()
        let first = try publisher.publish([("a", "1"), ("a", "2")], key: 1)
        #expect(first == PublishOutcome(accepted: 2, lastVersion: 2, time: UnixTime(milliseconds: 1000)))
        publisher.now = 2000
        _ = try publisher.publish([("a", "3")])
        #expect(try publisher.publish([("a", "1"), ("a", "2")], key: 1) == first)
        #expect(publisher.sequencer.sequence == 3)
        // Another key, and none, publish again.
        #expect(try publisher.publish([("a", "1"), ("a", "2")], key: 2).lastVersion == 5)
        #expect(try publisher.publish([("a", "1"), ("a", "2")]).lastVersion == 7)
        // The end of what is not there is an outcome too.
        #expect(try publisher.publish([("b", nil)], key: 3).lastVersion == nil)
        _ = try publisher.publish([("b", "1")])
        #expect(try publisher.publish([("b", nil)], key: 3).lastVersion == nil)
    }

    @Test func aConflictIsAnAnswerToo() throws {
        var publisher = Publisher()
        #expect(throws: conflict(0)) { try publisher.publish([("a", "1")], if: .version(1), key: 1) }
        _ = try publisher.publish([("a", "1")])
        #expect(throws: conflict(0)) { try publisher.publish([("a", "1")], if: .version(1), key: 1) }
        // And what was met then is not asked again.
        #expect(try publisher.publish([("a", "2")], if: .version(1), key: 2).lastVersion == 2)
        #expect(try publisher.publish([("a", "2")], if: .version(1), key: 2).lastVersion == 2)
    }

    /// Each member of an update is part of what came.
    @Test func otherUpdatesUnderAKeyAreRefused() throws {
        var publisher = Publisher()
        _ = try publisher.publish([("a/b", "12345678"), ("c", "1")], key: 1)
        let others: [[(String, String?)]] = [
            [], [("a/b", "12345678")], [("c", "1"), ("a/b", "12345678")],
            [("a/b", "12345679"), ("c", "1")], [("a/b", "12345678"), ("c", nil)],
            [("a/b1", "2345678"), ("c", "1")], [("a/b", "12345678"), ("c", "1"), ("c", "1")],
            [("a/b", "123456789"), ("c", "1")],
        ]
        for other in others {
            #expect(throws: PublishFailure.keyReused) { try publisher.publish(other, key: 1) }
        }
        #expect(throws: PublishFailure.keyReused) {
            try publisher.publish([("a/b", "12345678"), ("c", "1")], if: .exists, key: 1)
        }
        var options = UpdateOptions()
        options.moment = UnixTime(milliseconds: 5)
        for change in [
            options,
            {
                var other = UpdateOptions()
                other.timeToLive = TimeToLive(Interval(milliseconds: 50))
                return other
            }(),
        ] {
            var batch = UpdateBatch()
            try batch.append(
                topic: Array("a/b".utf8).span, data: Array("12345678".utf8).span, options: change)
            try batch.append(topic: Array("c".utf8).span, data: Array("1".utf8).span)
            batch.key = Self.key(1)
            #expect(throws: PublishFailure.keyReused) { try publisher.publish(batch) }
        }
        var stream = try Self.batch([("a/b", "12345678"), ("c", "1")])
        stream.key = Self.key(1, at: PublishKey.Place())
        #expect(throws: PublishFailure.keyReused) { try publisher.publish(stream) }
        #expect(publisher.sequencer.sequence == 2)
    }

    @Test func theOldestKeysAreForgotten() throws {
        var publisher = Publisher { $0.keyLimit = 3 }
        for key in 1...4 { _ = try publisher.publish([("a", "\(key)")], key: UInt64(key)) }
        for key in 2...4 {
            #expect(try publisher.publish([("a", "\(key)")], key: UInt64(key)).lastVersion == UInt64(key))
        }
        #expect(try publisher.publish([("a", "1")], key: 1).lastVersion == 5)
        #expect(publisher.sequencer.change { $0.numbering.keys.count } == 3)
    }

    @Test func aKeyLivesAsLongAsTheRulesSay() throws {
        var publisher = Publisher { $0.keyLife = Interval(milliseconds: 1000) }
        _ = try publisher.publish([("a", "1")], key: 1)
        publisher.now += 999
        #expect(try publisher.publish([("a", "1")], key: 1).lastVersion == 1)
        publisher.now += 1
        #expect(try publisher.publish([("a", "1")], key: 1).lastVersion == 2)
        for key in 2...100 { _ = try publisher.publish([("a", "1")], key: UInt64(key)) }
        publisher.now += 1000
        for key in 101...130 { _ = try publisher.publish([("a", "1")], key: UInt64(key)) }
        // Some of those that are over at each step, and all of them after some.
        #expect(publisher.sequencer.change { $0.numbering.keys.count } == 30)
    }

    // MARK: Streams

    /// Lines that are cut anywhere into batches, and begin anew now and then, are each published once, in their order.
    @Test(arguments: 1...200 as ClosedRange<UInt64>) func aStreamIsPublishedOnce(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var publisher = Publisher()
        let lines = (1...40).map { ("t/\($0 % 3)", "\($0)") }
        var length = 0
        for _ in 0..<8 {
            var place = PublishKey.Place()
            length = max(length, Int.random(in: 1...40, using: &random))
            var start = 0
            while start < length {
                let end = min(start + Int.random(in: 1...9, using: &random), length)
                var batch = try Self.batch(Array(lines[start..<end]))
                batch.key = Self.key(1, at: place)
                #expect(try publisher.publish(batch).accepted == end - start)
                place.pass(batch)
                start = end
                // The connection is cut.
                if Int.random(in: 0..<10, using: &random) == 0 { break }
            }
        }
        let published = publisher.sequencer.sequence
        #expect(published <= length && published > 0)
        // Other lines are found out before anything is published behind them.
        var changed = Array(lines)
        changed[Int.random(in: 0..<Int(published), using: &random)].1 = "0"
        var batch = try Self.batch(changed)
        batch.key = Self.key(1, at: PublishKey.Place())
        #expect(throws: PublishFailure.keyReused) { try publisher.publish(batch) }
        #expect(publisher.sequencer.sequence == published)
        #expect(try restarted(publisher.entries).told == publisher.sequencer.told)
    }

    @Test func whatFollowsAConflictInAStreamIsRefused() throws {
        var publisher = Publisher()
        var place = PublishKey.Place()
        func send(_ data: String, if condition: VersionCondition? = nil) throws -> PublishOutcome {
            var batch = try Self.batch([("a", data)], if: condition)
            batch.key = Self.key(1, at: place)
            place.pass(batch)
            return try publisher.publish(batch)
        }
        for _ in 0..<2 {
            place = PublishKey.Place()
            #expect(try send("1").accepted == 1)
            #expect(throws: conflict(1)) { try send("2", if: .version(7)) }
            #expect(throws: conflict(1)) { try send("3") }
            #expect(throws: conflict(1)) { try send("4", if: .version(1)) }
        }
        #expect(publisher.sequencer.sequence == 1)
    }

    /// What an update demanded when it counted is not asked again when it comes again, with others behind it.
    @Test func whatIsKnownOfAStreamNeedNotHoldAgain() throws {
        var publisher = Publisher()
        var first = try Self.batch([("a", "1")], if: .version(0))
        first.key = Self.key(1, at: PublishKey.Place())
        #expect(try publisher.publish(first).lastVersion == 1)
        var both = try Self.batch([("a", "1")], if: .version(0))
        try both.append(topic: Array("a".utf8).span, data: Array("2".utf8).span)
        both.key = first.key
        #expect(try publisher.publish(both).lastVersion == 2)
    }

    /// A batch in the middle of a stream that was not taken is missing: what follows is not published without it.
    @Test func aStreamHasNoHoles() throws {
        var publisher = Publisher()
        var place = PublishKey.Place()
        var batches: [[(String, String?)]] = []
        for number in 1...3 {
            batches.append([("a", "\(number)")])
            var batch = try Self.batch(batches[number - 1])
            batch.key = Self.key(1, at: place)
            place.pass(batch)
            if number == 2 { continue }
            if number == 1 {
                _ = try publisher.publish(batch)
            } else {
                #expect(throws: PublishFailure.self) { try publisher.publish(batch) }
            }
        }
        #expect(publisher.sequencer.sequence == 1)
    }

    /// A stream that goes on lives on.
    @Test func theLifeOfAStreamBeginsAnewWhileItGoesOn() throws {
        var publisher = Publisher { $0.keyLife = Interval(milliseconds: 1000) }
        var place = PublishKey.Place()
        for number in 1...20 {
            var batch = try Self.batch([("a", "\(number)")])
            batch.key = Self.key(1, at: place)
            place.pass(batch)
            _ = try publisher.publish(batch)
            publisher.now += 300
        }
        var all = try Self.batch((1...20).map { ("a", "\($0)") })
        all.key = Self.key(1, at: PublishKey.Place())
        #expect(try publisher.publish(all).accepted == 20 && publisher.sequencer.sequence == 20)
        #expect(publisher.sequencer.change { $0.numbering.keys.count } == 1)
    }

    // MARK: Large batches

    @Test func aBatchInPartsIsPublishedOnce() throws {
        let sequencer = Sequencer(epoch: Epoch("e"))
        let batch = try Self.batch([("a", "1"), ("a", "2"), ("a", "3")], key: 1)
        let (time, now) = (UnixTime(milliseconds: 5), Instant(nanoseconds: 5))
        #expect(try sequencer.admit(batch, time: time, at: now) == nil)
        var reserved = try sequencer.reserve(for: batch)
        // It comes again before it is whole.
        #expect(throws: PublishFailure.self) { try sequencer.publish(batch, time: time, at: now) }
        let outcome = sequencer.publish(part: batch, reserved: &reserved, time: time, at: now)
        sequencer.settle(batch, outcome, at: now)
        #expect(try sequencer.admit(batch, time: time, at: now) == outcome)
        #expect(try sequencer.publish(batch, time: time, at: now) == outcome && sequencer.sequence == 3)
    }

    // MARK: Restarts

    private func restarted(_ entries: [[UInt8]]) throws -> Sequencer {
        let other = Sequencer(epoch: Epoch("e"))
        for entry in entries { try other.apply(entry) }
        return other
    }

    @Test func whoAppliesTheEntriesAnswersTheSame() throws {
        var publisher = Publisher()
        for number in 1...30 {
            publisher.now += 10
            let condition: VersionCondition? = number % 4 == 0 ? .version(UInt64(number / 3)) : nil
            _ = try? publisher.publish(
                [("a", "\(number)"), ("b", number % 5 == 0 ? nil : "1")], if: condition,
                key: UInt64(number % 20))
        }
        let whole = publisher.sequencer.told
        #expect(whole.contains { $0.contains("conflict: Optional") })
        #expect(try restarted(publisher.entries).told == whole)
        #expect(try publisher.sequencer.copy().told == whole)
    }

    /// More updates than are numbered at once.
    @Test func aLargeEntryIsGuardedToo() throws {
        let updates = (0..<1500).map { ("t/\($0 % 700)", "\($0)") as (String, String?) }
        var publisher = Publisher()
        let outcome = try publisher.publish(updates, key: 1)
        let other = try restarted(publisher.entries)
        #expect(try other.apply(publisher.entries[0]) == .success(outcome))
        #expect(other.sequence == 1500)
        var stream = try Self.batch(Array(updates[..<100]))
        stream.key = Self.key(2, at: PublishKey.Place())
        _ = try publisher.publish(stream)
        var more = try Self.batch(updates)
        more.key = Self.key(2, at: PublishKey.Place())
        #expect(try publisher.publish(more).accepted == 1500)
        #expect(publisher.sequencer.sequence == 3000)
        #expect(try restarted(publisher.entries).told == publisher.sequencer.told)
    }

    @Test func anEntryThatIsCutOffSaysSo() throws {
        var publisher = Publisher()
        var batch = try Self.batch([("a", "1")], if: .version(0))
        batch.key = Self.key(1, at: PublishKey.Place())
        _ = try publisher.publish(batch)
        let entry = publisher.entries[0]
        for end in 0..<entry.count {
            let other = Sequencer(epoch: Epoch("e"))
            #expect(throws: LogEntryFailure.self) { try other.apply(Array(entry[..<end])) }
            #expect(other.sequence == 0)
        }
    }
}
