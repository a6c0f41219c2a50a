/// What a loop does in portions, whole: tests that are not about the portions say what they mean.
import Primitives

@testable import Broker

extension BrokerReplica {
    /// Takes what has come, marks all readers and ends all walks. Returns the number of entries.
    @discardableResult
    func follow() -> Int {
        let count = catchUp()
        finish()
        return count
    }

    /// Marks all readers and ends all walks.
    func finish() {
        var advanced: [SubscriberID] = []
        while hasUnmarked || hasWalks {
            var ration = Ration(steps: 1000)
            mark(&ration)
            walk(&ration, into: &advanced)
        }
    }

    /// All that waiting readers have, in the order in which they are due, at most `limit` of them.
    func takeReady(at now: Instant, limit: Int) -> [SubscriberID] {
        var taken: [SubscriberID] = []
        while taken.count < limit, let next = takeReady(at: now) { taken.append(next) }
        return taken
    }

    /// Fills `batch` with the answer to a poll; returns whether the cursor was honoured.
    func poll(
        _ patterns: [TopicPattern], after cursor: Cursor?, byteBudget: Int = 1 << 20, at now: Instant? = nil,
        into batch: inout Batch
    ) -> Bool {
        let query = beginPoll(of: patterns, after: cursor, byteBudget: byteBudget)
        answer(query, at: now, into: &batch)
        return query.isResumed
    }

    /// Looks for all that a question is about, and answers it.
    func answer(_ query: PollQuery, at now: Instant? = nil, into batch: inout Batch) {
        var ration = Ration(steps: .max)
        precondition(advance(query, &ration), "a question without bounds has no end")
        finish(query, at: now, into: &batch)
    }

    /// Fills `batch` with a page of a listing; returns the last name if more follow.
    func list(
        _ pattern: TopicPattern, after: [UInt8]? = nil, limit: Int, byteBudget: Int = 1 << 20,
        into batch: inout Batch
    ) -> Payload? {
        var listing = Listing(of: pattern, after: after, limit: limit, byteBudget: byteBudget)
        var ration = Ration(steps: .max)
        precondition(advance(&listing, &ration), "a listing without bounds has no end")
        return finish(listing, into: &batch)
    }
}
