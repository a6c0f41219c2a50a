/// Long polling: a question, an answer; between two of them the gateway remembers nothing, the cursor says it all.
internal import Broker
internal import HTTP
internal import Primitives

enum LongPoll {
    /// Answers `GET /poll` at once, or begins to wait.
    static func open(
        _ head: RequestHead, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        var request = try SubscriptionRequest(head, loop.configuration.subscribers)
        try request.demandTopics()
        // It may wait, and what stands behind it is then taken for the next request.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("A poll has no body; send the query alone.")
        }
        let tag = head.ifNoneMatch.first
        let isByTag = request.cursor == nil && tag != nil
        if isByTag { request.cursor = tag }
        loop.replica.catchUp()
        loop.batch.removeAll()
        let cursor = request.cursor.flatMap { Cursor($0.span) }
        let isResumed = loop.replica.changes(
            of: request.patterns, after: cursor,
            byteBudget: loop.configuration.subscribers.answerByteCount, into: &loop.batch)
        if request.cursor != nil { loop.note(resume: isResumed, of: connection) }
        let isReset = request.cursor != nil && !isResumed
        let wait = request.wait ?? head.preferredWait.map { min(max($0, 0), 60) } ?? 25
        guard let cursor, isResumed, loop.batch.isEmpty, head.method == .get else {
            answer(isReset: isReset, isByTag: isByTag, http, connection, loop)
            return
        }
        guard wait > 0, !loop.shared.isDrainingNow else {
            answer(isReset: false, isByTag: isByTag, http, connection, loop)
            return
        }
        http.beginPoll(
            WaitingPoll(request, cursor, until: loop.now + .seconds(wait), isByTag: isByTag, connection, loop)
        )
    }

    /// Answers with the loop's batch: 304 for nothing new to one that asked by tag.
    static func answer(
        isReset: Bool, isByTag: Bool, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) {
        let sequence = loop.batch.cursor ?? loop.replica.sequence
        let cursor = loop.cursorBytes(sequence)
        let isUnchanged = isByTag && loop.batch.isEmpty && !isReset
        var body = ByteBuffer(capacity: loop.batch.byteCount + loop.batch.entries.count + 128)
        if !isUnchanged {
            body.append("{\"cursor\":\"")
            body.append(cursor)
            body.append("\",\"updates\":")
            body.append(updates: loop.batch)
            if isReset { body.append(",\"reset\":true") }
            append(gaps: loop.batch, to: &body)
            body.append("}\n")
        }
        loop.noteDelivery(to: connection)
        http.answer(
            isUnchanged ? 304 : 200, isUnchanged ? nil : "application/json", body: body.bytes, connection,
            loop
        ) { fields in
            fields.append("ETag: \"")
            fields.append(cursor)
            fields.append("\"\r\n")
            fields.append(field: "Cache-Control", "no-store")
        }
    }

    private static func append(gaps batch: borrowing Batch, to body: inout ByteBuffer) {
        guard !batch.gaps.isEmpty else { return }
        var isFirst = true
        body.append(",\"gaps\":[")
        for gap in batch.gaps {
            body.append(isFirst ? "{" : ",{")
            isFirst = false
            body.append(gapMembers: gap)
            body.append(ASCII.closeBrace)
        }
        body.append(ASCII.closeBracket)
    }
}

/// A poll that waits is a subscriber like any other, until its one answer.
final class WaitingPoll {
    let subscriber: SubscriberID
    let until: Instant
    private let start: UInt64
    private let isByTag: Bool

    /// `cursor` was honoured, and nothing has changed after it.
    init(
        _ request: SubscriptionRequest, _ cursor: Cursor, until: Instant, isByTag: Bool,
        _ connection: Connection,
        _ loop: GatewayLoop
    ) {
        self.until = until
        self.isByTag = isByTag
        start = cursor.sequence
        subscriber = loop.replica.addSubscriber(owner: connection.token)
        _ = loop.replica.subscribe(subscriber, to: request.patterns, after: cursor)
        loop.statistics.polls.add()
    }

    func answerChanges(_ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop) {
        loop.batch.removeAll()
        loop.replica.changes(
            of: subscriber, after: start, byteBudget: loop.configuration.subscribers.answerByteCount,
            at: .now(), into: &loop.batch)
        LongPoll.answer(isReset: false, isByTag: isByTag, http, connection, loop)
    }

    /// The time is up. The answer moves the cursor on: all up to now is of no interest, but for what came in this
    /// very turn.
    func answerTimeout(_ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop) {
        answerRest(isByTag: isByTag, http, connection, loop)
    }

    /// The gateway drains: the poller goes on elsewhere, and takes along what there is.
    func answerGoodbye(_ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop) {
        answerRest(isByTag: false, http, connection, loop)
    }

    private func answerRest(
        isByTag: Bool, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) {
        guard !loop.replica.hasMarks(subscriber) else {
            answerChanges(http, connection, loop)
            return
        }
        loop.batch.removeAll()
        LongPoll.answer(isReset: false, isByTag: isByTag, http, connection, loop)
    }

    func end(_ loop: GatewayLoop) {
        guard loop.replica.contains(subscriber) else { return }
        loop.replica.removeSubscriber(subscriber)
        loop.statistics.polls.add(-1)
    }
}
