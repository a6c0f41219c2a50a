import Primitives
import Testing

/// Topics that end by themselves.
@testable import Broker

@Suite struct ExpiryTests {
    private func bench(_ change: (inout Sequencer.Retention) throws -> Void = { _ in }) throws -> Bench {
        var retention = Sequencer.Retention()
        try change(&retention)
        return Bench(retention)
    }

    private func reader(_ bench: Bench) throws -> SubscriberID {
        let id = try bench.reader(of: ["**"])
        _ = bench.drain(id)
        return id
    }

    @Test func aTopicEndsWhenNothingNewerCame() throws {
        let bench = try bench()
        let id = try reader(bench)
        try bench.publish("a", "1", time: 1000, lasting: 500)
        try bench.publish("b", "1", time: 1000)
        #expect(bench.sequencer.nextExpiry >= Instant(milliseconds: 1500))
        bench.expire(at: 1499)
        bench.replica.follow()
        #expect(bench.drain(id).count == 2)
        bench.expire(at: 1520)
        bench.replica.follow()
        #expect(
            bench.drain(id) == [
                "{\"topic\":\"a\",\"version\":2,\"time\":1520,\"deleted\":true,\"expired\":true}"
            ])
        #expect(bench.sequencer.nextExpiry == .never && bench.sequencer.topicCount == 1)
    }

    @Test func aNewerUpdateBeginsAnew() throws {
        let bench = try bench()
        try bench.publish("a", "1", time: 1000, lasting: 500)
        try bench.publish("a", "2", time: 1400, lasting: 500)
        bench.expire(at: 1600)
        #expect(bench.sequencer.topicCount == 1)
        bench.expire(at: 1920)
        #expect(bench.sequencer.topicCount == 0)
    }

    @Test func itIsTheLatestUpdateThatLasts() throws {
        let bench = try bench()
        try bench.publish("shorter", "1", time: 1000, lasting: 5000)
        try bench.publish("shorter", "2", time: 1000, lasting: 100)
        try bench.publish("forever", "1", time: 1000, lasting: 100)
        try bench.publish("forever", "2", time: 1000)
        bench.expire(at: 1200)
        bench.replica.follow()
        #expect(bench.latest("shorter") == nil && bench.latest("forever") != nil)
    }

    @Test func aRuleSaysItForTopicsOfAPattern() throws {
        let bench = try bench {
            $0.timesToLive = [
                (try TopicPattern("fx/slow"), Interval(milliseconds: 5000)),
                (try TopicPattern("fx/**"), Interval(milliseconds: 100)),
            ]
        }
        try bench.publish([("fx/a", "1"), ("fx/slow", "1"), ("other", "1")], time: 1000)
        try bench.publish("fx/b", "1", time: 1000, lasting: 9000)
        bench.expire(at: 1200)
        #expect(bench.sequencer.topicCount == 3)
        bench.expire(at: 6100)
        #expect(bench.sequencer.topicCount == 2)
        bench.expire(at: 99_000)
        #expect(bench.sequencer.topicCount == 1)
    }

    @Test func whatAPublisherEndsEndsOnce() throws {
        let bench = try bench()
        try bench.publish("a", "1", time: 1000, lasting: 100)
        try bench.publish("a", nil, time: 1000)
        bench.expire(at: 2000)
        #expect(bench.replica.follow() == 3)
        try bench.publish("a", "2", time: 2000, lasting: 100)
        bench.expire(at: 3000)
        bench.replica.follow()
        #expect(bench.latest("a") == nil && bench.replica.sequence == 4)
    }

    /// The number of a purged topic is another one's next; its timer is not.
    @Test func aTimerEndsWithItsTopic() throws {
        let bench = try bench { $0.tombstoneLimit = 0 }
        try bench.publish("a", "1", time: 1000, lasting: 100)
        try bench.publish("a", nil, time: 1000)
        #expect(bench.sequencer.nextExpiry == .never)
        try bench.publish("b", "1", time: 1000)
        bench.expire(at: 2000)
        #expect(bench.sequencer.topicCount == 1)
    }

    @Test func manyEndAFewAtATime() throws {
        let bench = try bench()
        for part in 0..<20 {
            var batch = UpdateBatch()
            for number in 0..<500 {
                var options = UpdateOptions()
                options.timeToLive = TimeToLive(Interval(milliseconds: 50))
                try batch.append(
                    topic: Array("t/\(part)/\(number)".utf8).span, data: Array("1".utf8).span,
                    options: options)
            }
            try bench.sequencer.publish(
                batch, time: UnixTime(milliseconds: 1000), at: Instant(milliseconds: 1000))
        }
        var calls = 0
        while bench.sequencer.nextExpiry <= Instant(milliseconds: 2000) {
            let before = bench.sequencer.topicCount
            bench.expire(at: 2000)
            calls += 1
            #expect(before - bench.sequencer.topicCount <= 512)
        }
        #expect(bench.sequencer.topicCount == 0 && calls >= 20)
    }

    /// By the log's clock: what was left of a topic's time when it was taken down is left when it is restored, less what has passed.
    @Test func itGoesOnAfterARestart() throws {
        let bench = try bench { $0.logs = [(try TopicPattern("log/**"), 3)] }
        try bench.publish("a", "1", time: 1000, lasting: 500)
        try bench.publish("log/a", "1", time: 1000)
        try bench.publish("log/a", "2", time: 1000, lasting: 500)
        try bench.publish("b", "1", time: 1000)
        let state = WrittenState(of: bench.sequencer)
        let last = LogEntry.Moment(
            time: UnixTime(milliseconds: 70_000), instant: LogClock().reading(at: Instant(milliseconds: 1200))
        )
        // The next process's clock begins anew, and 100 ms have passed by the wall clock, or the wall clock was set back.
        for (time, passed) in [(70_100, 100), (3, 0)] as [(UInt64, UInt64)] {
            let clock = LogClock(
                after: last, time: UnixTime(milliseconds: time), at: Instant(milliseconds: 9_000_000))
            let restored = try state.restored(by: clock)
            let end = 9_000_000 + 312 - passed
            restored.expire(time: UnixTime(milliseconds: 1), at: Instant(milliseconds: end - 16))
            #expect(restored.topicCount == 3)
            restored.expire(time: UnixTime(milliseconds: 1), at: Instant(milliseconds: end + 16))
            #expect(restored.topicCount == 1)
        }
    }

    @Test(arguments: [1, 16, 17, 500, 32_752, 32_768, 60_000, 86_400_000, 31_536_000_000] as [UInt64])
    func aTimeIsKeptInTicksAndNeverShortened(milliseconds: UInt64) throws {
        let interval = try #require(TimeToLive(Interval(milliseconds: milliseconds)).interval)
        let longest = max(milliseconds + 15, milliseconds + milliseconds / 1000)
        #expect((milliseconds * 1_000_000...longest * 1_000_000).contains(interval.nanoseconds))
    }

    @Test func aTimeBeyondAllIsALongOne() throws {
        #expect(TimeToLive.unsaid.interval == nil)
        let longest = try #require(TimeToLive(Interval(nanoseconds: .max)).interval)
        #expect(longest.nanoseconds > 1 << 62)
    }

    @Test func aPublishersMomentTravelsBesideTheTime() throws {
        let bench = try bench()
        var options = UpdateOptions()
        options.moment = UnixTime(milliseconds: 1_764_000_000_123)
        var batch = UpdateBatch()
        try batch.append(topic: Array("a".utf8).span, data: Array("1".utf8).span, options: options)
        try batch.append(tombstoneOf: Array("a".utf8).span, options: options)
        let id = try reader(bench)
        try bench.sequencer.publish(batch, time: UnixTime(milliseconds: 5), at: Instant(milliseconds: 5))
        bench.replica.follow()
        #expect(
            bench.drain(id) == [
                "{\"topic\":\"a\",\"version\":2,\"time\":5,\"at\":1764000000123,\"deleted\":true}"
            ])
    }
}
