import Broker
import Primitives
import Synchronization
import Testing

@testable import Feeds

@Suite struct SharedFeedTests {
    /// Publishes a value each time, and loses its turn meanwhile if it is told so.
    private final class Counting: Feed {
        var count = 0
        var failure: FeedFailure?
        var meanwhile: () -> Void = {}

        func produce(
            at now: Instant, time: UnixTime, into batch: inout UpdateBatch
        ) throws(FeedFailure) -> Instant? {
            count += 1
            try? batch.append(topic: Array("x".utf8).span, data: Array("\(count)".utf8).span)
            meanwhile()
            if let failure { throw failure }
            return now + .seconds(5)
        }
    }

    private final class Turn: Sendable {
        let isHere = Atomic<Bool>(false)
    }

    private let turn = Turn()
    private let counting = Counting()
    private let now = Instant(nanoseconds: 1 << 61)

    private func produce(into batch: inout UpdateBatch) throws -> Instant? {
        let turn = turn
        let feed = SharedFeed(counting) { turn.isHere.load(ordering: .relaxed) }
        return try feed.produce(at: now, time: UnixTime(milliseconds: 1), into: &batch)
    }

    @Test func waitsUntilItIsItsTurn() throws {
        var batch = UpdateBatch()
        #expect(try produce(into: &batch) == now + .milliseconds(250))
        #expect(counting.count == 0 && batch.isEmpty)
        turn.isHere.store(true, ordering: .relaxed)
        #expect(try produce(into: &batch) == now + .seconds(5))
        #expect(counting.count == 1 && batch.count == 1)
    }

    @Test(arguments: [nil, FeedFailure("it broke", isPassing: true)])
    func whatCameTooLateIsNotPublished(failure: FeedFailure?) throws {
        turn.isHere.store(true, ordering: .relaxed)
        counting.meanwhile = { [turn] in turn.isHere.store(false, ordering: .relaxed) }
        counting.failure = failure
        var batch = UpdateBatch()
        do {
            #expect(try produce(into: &batch) == now + .seconds(5))
        } catch {
            #expect(error as? FeedFailure == failure)
        }
        #expect(counting.count == 1 && batch.isEmpty)
    }
}
