/// Long polling: a question, an answer; between two of them the gateway remembers nothing, the cursor says it all.
internal import Broker
internal import HTTP
internal import Primitives

enum LongPoll {
    /// Answers `GET /poll` at once, or begins to wait.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        var request = try SubscriptionRequest(head, from: connection, work)
        try request.demandTopics()
        // The poll may wait, and then the bytes behind it are taken for the next request.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("A poll has no body; send the query alone.")
        }
        let tag = head.ifNoneMatch.first
        let isByTag = request.cursor == nil && tag != nil
        if isByTag { request.cursor = tag }
        work.replica.catchUp()
        work.batch.removeAll()
        let cursor = request.cursor.flatMap { Cursor($0.span) }
        let isResumed = work.replica.changes(
            of: request.patterns, after: cursor,
            byteBudget: work.configuration.subscribers.answerByteCount, into: &work.batch)
        if request.cursor != nil { work.note(resume: isResumed, of: connection) }
        let isReset = request.cursor != nil && !isResumed
        let wait = request.wait ?? head.preferredWait.map { min(max($0, 0), 60) } ?? 25
        guard let cursor, isResumed, work.batch.isEmpty, head.method == .get, wait > 0,
            !work.shared.isDrainingNow
        else {
            answer(isReset: isReset, isByTag: isByTag, &response, connection, work)
            return .answered
        }
        return .reply(
            WaitingPoll(request, cursor, until: work.now + .seconds(wait), isByTag: isByTag, connection, work)
        )
    }

    /// Answers with the batch at hand: 304 for nothing new to one that asked by tag.
    static func answer(
        isReset: Bool, isByTag: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) {
        var cursor = ByteBuffer()
        work.replica.append(cursor: work.batch.cursor ?? work.replica.sequence, to: &cursor)
        work.noteDelivery(to: connection)
        let tag = [ASCII.quote] + cursor.array + [ASCII.quote]
        func addFields(_ fields: any ResponseFields) {
            fields.add("ETag", tag)
            fields.add("Cache-Control", "no-store")
        }
        if isByTag, work.batch.isEmpty, !isReset {
            return response.answer(304, connection, work, fields: addFields)
        }
        var body = ByteBuffer(capacity: work.batch.byteCount + work.batch.entries.count + 128)
        body.append("{\"cursor\":\"")
        body.append(cursor.bytes)
        body.append("\",\"updates\":")
        body.append(updates: work.batch)
        if isReset { body.append(",\"reset\":true") }
        body.append(gapsMember: work.batch)
        body.append("}\n")
        response.answer(200, "application/json", body.bytes, connection, work, fields: addFields)
    }
}

/// A poll that waits is a subscriber like any other, until its one answer.
final class WaitingPoll: Reply {
    private let id: SubscriberID
    private let until: Instant
    private let start: UInt64
    private let isByTag: Bool

    /// `cursor` was honoured, and nothing has changed after it.
    init(
        _ request: SubscriptionRequest, _ cursor: Cursor, until: Instant, isByTag: Bool,
        _ connection: Connection, _ work: Workspace
    ) {
        self.until = until
        self.isByTag = isByTag
        start = cursor.sequence
        id = work.replica.addSubscriber(owner: connection.key)
        _ = work.replica.subscribe(id, to: request.patterns, after: cursor)
        work.statistics.add(.polls)
    }

    var transport: StaticString { "poll" }
    var subscriber: SubscriberID? { id }
    var isReading: Bool { false }

    func flush(
        budget _: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard work.replica.hasMarks(id) else { return .goesOn }
        return answerChanges(&response, connection, work)
    }

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    /// The time is up. The answer moves the cursor on to the present. A change of this very turn still goes into it.
    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        answerRest(isByTag: isByTag, &response, connection, work)
    }

    /// The gateway drains: the poller goes on elsewhere, with the latest changes.
    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        answerRest(isByTag: false, &response, connection, work)
    }

    private func answerChanges(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        work.batch.removeAll()
        work.replica.changes(
            of: id, after: start, byteBudget: work.configuration.subscribers.answerByteCount,
            at: work.clock.now(), into: &work.batch)
        LongPoll.answer(isReset: false, isByTag: isByTag, &response, connection, work)
        return .over
    }

    private func answerRest(
        isByTag: Bool, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard !work.replica.hasMarks(id) else { return answerChanges(&response, connection, work) }
        work.batch.removeAll()
        LongPoll.answer(isReset: false, isByTag: isByTag, &response, connection, work)
        return .over
    }

    func ended(_ work: Workspace) {
        guard work.replica.contains(id) else { return }
        work.replica.removeSubscriber(id)
        work.statistics.add(.polls, -1)
    }
}

extension ByteBuffer {
    /// `,"gaps":[{…},{…}]`, nothing where there are none.
    fileprivate mutating func append(gapsMember batch: borrowing Batch) {
        guard !batch.gaps.isEmpty else { return }
        append(",\"gaps\":[")
        for (place, gap) in batch.gaps.enumerated() {
            append(place == 0 ? "{" : ",{")
            append(gapMembers: gap)
            append(ASCII.closeBrace)
        }
        append(ASCII.closeBracket)
    }
}
