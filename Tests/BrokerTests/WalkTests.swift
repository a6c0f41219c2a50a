import Primitives
import Testing

/// How many steps things take, and what readers are told while they are taken. A step stands for time: see `Ration`.
@testable import Broker

@Suite struct WalkTests {
    private static let topicCount = 4000

    private func world() throws -> Bench {
        let bench = Bench()
        for number in 0..<Self.topicCount { try bench.publish("s\(number / 10)/q\(number % 10)", "1") }
        bench.replica.follow()
        return bench
    }

    /// Walks a ration at a time until nothing is left; returns the steps and the greatest number at once.
    private func walk(_ bench: Bench, _ steps: Int = 100) -> (all: Int, most: Int) {
        var (all, most) = (0, 0)
        var advanced: [SubscriberID] = []
        while bench.replica.hasWalks {
            var ration = Ration(steps: steps)
            bench.replica.walk(&ration, into: &advanced)
            all += ration.taken
            most = max(most, ration.taken)
        }
        return (all, most)
    }

    private func newcomer(_ bench: Bench, _ patterns: [String], after cursor: Cursor? = nil) throws
        -> SubscriberID
    {
        let id = bench.replica.addSubscriber(owner: ReaderKey(connection: 0, generation: 0))
        _ = bench.replica.subscribe(id, to: try patterns.map { try TopicPattern($0) }, after: cursor)
        return id
    }

    @Test func aSnapshotIsTakenAFewTopicsATurn() throws {
        let bench = try world()
        let id = try newcomer(bench, ["**"])
        #expect(bench.replica.isWalking(id) && bench.replica.coveredCount(of: id) < 300)
        // What is marked is sent meanwhile; nothing is vouched for.
        #expect(!bench.drain(id).isEmpty && bench.batch.cursor == nil)
        let steps = walk(bench)
        #expect(steps.most <= 100 + 256 && steps.all < 3 * Self.topicCount)
        #expect(!bench.replica.isWalking(id) && bench.replica.coveredCount(of: id) == Self.topicCount)
        _ = bench.drain(id)
        #expect(bench.batch.cursor == bench.replica.sequence)
    }

    /// A cursor may come from a loop or a node that had marked more.
    @Test func nobodyIsVouchedForLessThanWasPresented() throws {
        let bench = try world()
        for number in 0..<20 { try bench.publish("s0/q\(number % 10)", "2") }
        bench.replica.catchUp()
        let presented = bench.replica.cursor(bench.replica.sequence)
        #expect(bench.replica.markedSequence < presented.sequence)
        for number in 0..<5 { try bench.publish("s1/q\(number)", "2") }
        let id = try newcomer(bench, ["**"], after: presented)
        #expect(bench.replica.cursor(of: id) == presented.sequence)
        bench.replica.follow()
        _ = walk(bench)
        #expect(bench.drain(id).count == 5 && bench.batch.cursor == bench.replica.sequence)
    }

    @Test func aListingGoesOnBehindWhatHasGoneMeanwhile() throws {
        let bench = try Bench(logging: 1, tombstoneLimit: 0)
        for topic in ["a", "b", "c", "d"] { try bench.publish(topic, "1") }
        bench.replica.follow()
        var listing = Listing(of: .everything, after: nil, limit: 1, byteBudget: 1 << 20)
        var isOver = false
        while listing.heldByteCount == 0 {
            var ration = Ration(steps: 1)
            isOver = bench.replica.advance(&listing, &ration)
        }
        try #require(!isOver)
        try bench.publish("a", nil)
        bench.replica.follow()
        try #require(bench.replica.latest(Array("a".utf8).span) == nil)
        var ration = Ration(steps: 1000)
        try #require(bench.replica.advance(&listing, &ration))
        let next = bench.replica.finish(listing, into: &bench.batch)
        #expect(next.map { String(decoding: $0.unsafeBytes, as: UTF8.self) } == "b")
        #expect(bench.batch.entries.count == 1)
    }

    @Test func readersTakeTurns() throws {
        let bench = try world()
        let first = try newcomer(bench, ["**"])
        let second = try newcomer(bench, ["**"])
        var advanced: [SubscriberID] = []
        for _ in 0..<4 {
            var ration = Ration(steps: 512)
            bench.replica.walk(&ration, into: &advanced)
        }
        let counts = [first, second].map { bench.replica.coveredCount(of: $0) }
        #expect(counts[0] < Self.topicCount && abs(counts[0] - counts[1]) < 300)
    }

    @Test func manyPatternsCostWhatTheyCoverAndNotWhatThereIs() throws {
        let bench = try world()
        // Four hundred patterns of ten topics each: patterns times topics would be 1.6 million.
        let id = try newcomer(bench, (0..<400).map { "s\($0)/*" })
        let steps = walk(bench)
        #expect(steps.all < 4 * Self.topicCount && bench.replica.coveredCount(of: id) == Self.topicCount)
    }

    @Test func anUnsubscribeAsksAnIndexWhatIsStillCovered() throws {
        let bench = try world()
        let id = try newcomer(bench, ["**"] + (0..<300).map { "s\($0)/*" })
        _ = walk(bench)
        bench.replica.unsubscribe(id, from: [.everything])
        let steps = walk(bench)
        #expect(steps.all < 4 * Self.topicCount && steps.most <= 100 + 256)
        #expect(bench.replica.coveredCount(of: id) == 3000)
    }

    @Test func anUnsubscribeOfFewTopicsLooksAtFew() throws {
        let bench = try world()
        let id = try newcomer(bench, ["**", "s1/*"])
        _ = walk(bench)
        bench.replica.unsubscribe(id, from: [try TopicPattern("s1/*"), try TopicPattern("unknown")])
        // It was carried out at once, within the steps of a visit.
        #expect(!bench.replica.isWalking(id) && bench.replica.coveredCount(of: id) == Self.topicCount)
    }

    @Test func whoLeavesIsDismantledAFewTopicsATurn() throws {
        let bench = try world()
        let id = try newcomer(bench, ["**"])
        _ = walk(bench)
        bench.replica.removeSubscriber(id)
        #expect(!bench.replica.contains(id) && bench.replica.slotCount > 3000)
        // Nobody marks it meanwhile, and nobody is flushed for it.
        try bench.publish("s0/q0", "2")
        bench.replica.catchUp()
        var ration = Ration(steps: 10)
        bench.replica.mark(&ration)
        #expect(bench.replica.takeReady(at: Instant(nanoseconds: .max - 1)) == nil)
        #expect(walk(bench).most <= 100 + 256 && bench.replica.slotCount == 0)
    }

    @Test func aNewTopicThatThousandsCoverKeepsNobodyElse() throws {
        let bench = Bench()
        let crowd = try (0..<1000).map { _ in try newcomer(bench, ["new/*"]) }
        let judge = try newcomer(bench, ["price"])
        try bench.publish("price", "1")
        bench.replica.follow()
        _ = bench.drain(judge)
        for number in 0..<20 { try bench.publish("new/\(number)", "1") }
        try bench.publish("price", "2")
        bench.replica.catchUp()
        var ration = Ration(steps: 500)
        bench.replica.mark(&ration)
        // The price is marked though what came before it is not; so the cursor stays before that.
        #expect(bench.replica.hasUnmarked && bench.replica.hasMarks(judge))
        #expect(bench.drain(judge).count == 1)
        let cursor = bench.batch.cursor
        #expect(try #require(cursor) < bench.replica.sequence)
        bench.replica.finish()
        #expect(bench.replica.cursor(of: judge) == bench.replica.sequence)
        #expect(crowd.allSatisfy { bench.replica.markCount(of: $0) == 20 })
    }

    @Test func aPageOfAPollCostsWhatItHolds() throws {
        let bench = try world()
        var (cursor, pageCount) = (UInt64?.none, 0)
        repeat {
            let query = bench.replica.beginPoll(
                of: [.everything], after: cursor.map { bench.replica.cursor($0) }, byteBudget: 4000)
            var ration = Ration(steps: .max)
            #expect(bench.replica.advance(query, &ration))
            bench.batch.removeAll()
            bench.replica.finish(query, into: &bench.batch)
            #expect(ration.taken <= bench.batch.entries.count + 10)
            cursor = bench.batch.cursor
            pageCount += bench.batch.entries.count
        } while bench.batch.hasMore
        #expect(pageCount == Self.topicCount)
    }

    @Test func whatChangedLastIsFoundFromTheMiddle() throws {
        let bench = try world()
        // Topics change again in any order, so that landmarks move; then each place is found.
        var random = SeededGenerator(seed: 7)
        for _ in 0..<6000 {
            let number = Int.random(in: 0..<Self.topicCount, using: &random)
            try bench.publish("s\(number / 10)/q\(number % 10)", "2")
        }
        bench.replica.follow()
        let replica = bench.replica
        var expected: [UInt64] = []
        for topic in 0..<UInt32(replica.topics.limit) { expected.append(replica.topics[topic].sequence) }
        expected.sort()
        for after in stride(from: UInt64(0), through: replica.sequence, by: 37) {
            let found = replica.latestChanges.first(after: after, replica.topics)
            #expect(found.map { replica.topics[$0].sequence } == expected.first { $0 > after })
        }
    }

    @Test func inventedNamesComeAndGoWithoutATrace() throws {
        let bench = try world()
        let id = try newcomer(bench, (0..<500).map { "invented/\($0)" })
        _ = walk(bench)
        #expect(bench.replica.topics.count == Self.topicCount + 500)
        bench.replica.removeSubscriber(id)
        #expect(walk(bench).all < 5 * 500)
        bench.replica.catchUp()
        #expect(bench.replica.topics.count == Self.topicCount)
    }
}
