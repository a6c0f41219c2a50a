/// Server-Sent Events (WHATWG HTML §9.2): one event an update, so that `onmessage` and `curl -N` work as they are.
internal import Access
internal import Broker
internal import HTTP
internal import Logging
internal import Primitives
internal import Transport

/// An answer whose content never ends, unless the gateway drains.
final class EventStream: Reply {
    /// How many milliseconds a reader waits before it comes back from a stream that broke. Each has its own figure, because a
    /// gateway that dies loses all its readers in one moment.
    private static let retryMilliseconds = 1000...3000

    private var session: ReaderSession
    private var isEnded = false
    /// Until it has come, it is not decided what the reader is sent.
    private var waiting: (awaited: AwaitedCursor, request: SubscriptionRequest)?
    private var standing = Standing()
    /// Its rights are others than when it was compared with them, and it is being compared: until that is done nothing is sent.
    private var review: Review?

    private final class Review {
        /// For what it reads and may no longer read.
        var search = HeldSearch()
    }

    /// Answers `GET /sse`.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        let request = try SubscriptionRequest(head, from: connection, work)
        return try begin(request, head, &response, connection, work).map { .reply($0) } ?? .answered
    }

    /// Begins to answer the request, whatever says what it asks for; nil where that is all.
    static func begin(
        _ asked: SubscriptionRequest, _ head: RequestHead, _ response: inout some Responder,
        _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> EventStream? {
        var request = asked
        try request.demandTopics()
        if let refusal = work.refusal(of: connection) {
            sendAway(because: refusal, &response, connection, work)
            return nil
        }
        if let last = head.field("Last-Event-ID"), !last.isEmpty { request.cursor = last }
        response.begin(
            200, "text/event-stream; charset=utf-8", .open, connection, work, fields: addFields)
        if head.method == .head {
            response.end(connection, work)
            return nil
        }
        let awaited = work.awaited(request.cursor, for: connection)
        let stream = EventStream(request, connection, work)
        if let awaited {
            stream.waiting = (awaited, request)
        } else {
            stream.begin(request, &response, connection, work)
        }
        return stream
    }

    /// A stream that ends with its first event. To an `EventSource` any status but 200 is the end for good.
    static func sendAway(
        because refusal: Problem, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) {
        work.note(refusal: refusal, of: connection)
        var goodbye = ByteBuffer()
        goodbye.append(goodbyeEvent: refusal.code, after: work.reconnectDelay())
        response.answer(
            200, "text/event-stream; charset=utf-8", goodbye.bytes, connection, work, fields: addFields)
    }

    private static func addFields(_ fields: any ResponseFields) {
        fields.add("Cache-Control", "no-store, no-transform")
        fields.add("X-Accel-Buffering", "no")
    }

    private init(_ request: SubscriptionRequest, _ connection: Connection, _ work: Workspace) {
        session = ReaderSession(request, of: connection, work)
        work.statistics.add(.eventStreams)
        work.statistics.add(.openedStreams)
    }

    private func begin(
        _ request: SubscriptionRequest, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) {
        let isResumed = session.subscribe(
            request.patterns, cursor: request.cursor, last: request.last, id: nil, connection, work)
        response.write(work) { output in
            output.append(comment: "tidegate")
            output.append(
                retryMilliseconds: Int.random(in: Self.retryMilliseconds, using: &work.generator))
            if request.cursor != nil, !isResumed {
                // Nobody may come back with the cursor from here on, also who is cut off before the next one comes: another node might honour
                // it, and what it vouches for is forgotten. An empty ID takes it from a browser (WHATWG HTML 9.2.6).
                output.append(
                    eventNamed: "reset", id: [UInt8]().span,
                    data: Array("{\"reason\":\"the cursor can not be honoured; the snapshot follows\"}".utf8)
                        .span)
            }
        }
    }

    private func goOnWaiting(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) {
        guard let (awaited, request) = waiting, !isEnded, !work.isWaiting(for: awaited),
            work.now < connection.principal.end
        else { return }
        guard !work.isTooFarBehind(awaited) else {
            // Without an ID: the reader keeps its cursor.
            return sayGoodbye(
                because: Goodbye.behind.reason, Goodbye.behind.ending, after: work.reconnectDelay(),
                &response,
                connection, work)
        }
        waiting = nil
        work.catchUp()
        // It reads nothing yet, so it can.
        _ = session.follow(connection, work)
        begin(request, &response, connection, work)
    }

    // MARK: Updates

    func flush(
        budget: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        goOnWaiting(&response, connection, work)
        goOnReviewing(connection, work)
        guard !isEnded, review == nil, work.now < connection.principal.end else { return .goesOn }
        session.drain(budget: budget, connection, work)
        let live = session.nextLive(work.batch.cursor)
        guard !work.batch.isEmpty || live != nil else { return .goesOn }
        response.write(work) { output in
            for gap in work.batch.gaps { output.append(gapEvent: gap) }
            output.append(updateEvents: work.batch, of: session.replica)
            if !work.batch.staleNotices.isEmpty {
                output.append(staleEvents: work.batch, of: session.replica)
            }
            if let live, let cursor = work.batch.cursor {
                output.append(liveEvent: live, cursor, isAway: work.isAway, of: session.replica)
            }
        }
        return .goesOn
    }

    // MARK: Rights

    func principalChanged(_ connection: Connection, _ work: Workspace) {
        if let (_, request) = waiting {
            // It reads nothing yet that could be looked through.
            let rights = connection.principal.rights.subscribe
            if !request.patterns.allSatisfy({ rights.allows($0) }) { work.withdraw(connection) }
            return
        }
        review = Review()
        goOnReviewing(connection, work)
    }

    /// It asked for all that it reads at once, and has no way to be told that a part of it goes: so it goes, and asks anew.
    private func goOnReviewing(_ connection: Connection, _ work: Workspace) {
        guard let review, !isEnded, !session.isWalking else { return }
        let rights = connection.principal.rights.subscribe
        if case .everything = rights {
            self.review = nil
            return
        }
        var ration = work.ration
        let isOver = session.replica.advance(&review.search, of: session.subscriber, &ration) {
            !rights.allows($0)
        }
        if isOver || !review.search.found.isEmpty { self.review = nil }
        if review.search.found.isEmpty { work.comeBack() } else { work.withdraw(connection) }
    }

    // MARK: Life

    var heldByteCount: Int {
        session.heldByteCount + (waiting.map { TopicPattern.byteCount(of: $0.request.patterns) } ?? 0)
    }
    var transport: StaticString { "sse" }
    var reader: Reader? {
        waiting == nil ? Reader(id: session.subscriber, replica: session.replica) : nil
    }
    var maximumRate: Double? { session.pace.maximumRate }

    /// Nil as long as it is not decided what the reader is sent: it holds what its own cursor says.
    private var cursor: UInt64? {
        waiting == nil ? session.replica.cursor(of: session.subscriber) : nil
    }

    /// The peer has nothing more to say. The gateway reads over its bytes, and so notices when it goes away.
    var isReading: Bool { true }

    func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
        min(
            min(
                standing.deadline(of: connection.principal),
                waiting.map { work.deadline(of: $0.awaited) } ?? .never),
            min(session.flushDeadline(work), heartbeatDeadline(connection, work)))
    }

    private func heartbeatDeadline(_ connection: Connection, _ work: Workspace) -> Instant {
        session.heartbeat > 0
            ? connection.lastSent + .seconds(Int(session.heartbeat))
            : connection.lastSent + work.intervals.eventStreamHeartbeat
    }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        switch standing.look(at: work.now, connection.principal) {
        case .none, .late: break
        case .ending:
            response.write(work) { output in
                output.append("event: expiring\ndata: {")
                output.append(expiresMemberOf: connection.principal)
                output.append("}\n\n")
            }
        case .ended where connection.principal.isWithdrawn:
            return endReader(because: .ended(connection.principal), &response, connection, work)
        case .ended:
            sayExpired(&response, connection, work)
            return .goesOn
        }
        if work.now >= session.flushDeadline(work) || waiting != nil {
            _ = flush(
                budget: work.configuration.subscribers.flushByteCount, &response, connection, work)
        }
        guard work.output.isEmpty, work.now >= heartbeatDeadline(connection, work) else { return .goesOn }
        if hasVanished(connection, work) {
            work.note(
                .dead,
                [
                    "peer": .text(connection.peer), "transport": .text("sse"),
                    "reason": .text("its kernel acknowledges nothing"),
                ])
            work.actions.end = .dead
            return .goesOn
        }
        if session.heartbeat > 0 {
            writeHeartbeat(&response, work)
        } else {
            // Not even an empty line: that ends a block, and to some clients a block without data is an event.
            response.write(work) { $0.append(comment: "still here") }
        }
        return .goesOn
    }

    private func writeHeartbeat(_ response: inout some Responder, _ work: Workspace) {
        response.write(work) { output in
            output.append("event: heartbeat\n")
            output.append(idLine: cursor, of: session.replica)
            output.append("data: {\"time\":")
            output.append(decimal: work.time.milliseconds)
            output.append(awayMember: work.isAway)
            output.append("}\n\n")
        }
    }

    func awayChanged(_ response: inout some Responder, _: Connection, _ work: Workspace) {
        if !isEnded, session.heartbeat > 0 { writeHeartbeat(&response, work) }
    }

    /// Whether the peer's kernel has acknowledged nothing for too long. A sign of life now and then fits any buffer for
    /// ever, so a full socket does not tell.
    private func hasVanished(_ connection: Connection, _ work: Workspace) -> Bool {
        connection.stream.unsentByteCount > 0
            && connection.stream.sinceAcknowledgement >= work.configuration.subscribers.sendTimeout
    }

    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        // What its pace and one flush allow of the marked topics goes first. The cursor says what is left: that comes elsewhere.
        _ = flush(budget: work.configuration.subscribers.flushByteCount, &response, connection, work)
        sayGoodbye(
            because: work.goodbye.reason, work.goodbye.ending,
            after: work.reconnectDelay(because: work.goodbye), &response, connection, work)
        return .goesOn
    }

    func endReader(
        because problem: Problem, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        work.note(refusal: problem, of: connection)
        sayGoodbye(
            because: problem.code, .refused, after: work.reconnectDelay(), &response, connection, work)
        return .goesOn
    }

    /// Who shows something new is welcome at once.
    private func sayExpired(_ response: inout some Responder, _ connection: Connection, _ work: Workspace) {
        guard !isEnded else { return }
        work.note(refusal: .ended(connection.principal), of: connection)
        let cursor = self.cursor
        response.write(work) { output in
            output.append(idLine: cursor, of: session.replica)
            output.append("event: goodbye\ndata: {\"reason\":\"expired\"}\n\n")
        }
        isEnded = true
        connection.endAfterSending(.refused)
        response.end(connection, work)
    }

    /// The last event. Its cursor is good for what was sent.
    private func sayGoodbye(
        because reason: String, _ end: EndReason, after delay: Int, _ response: inout some Responder,
        _ connection: Connection, _ work: Workspace
    ) {
        guard !isEnded else { return }
        let cursor = self.cursor
        response.write(work) { output in
            output.append(idLine: cursor, of: session.replica)
            output.append(goodbyeEvent: reason, after: delay, avoiding: work.avoidedNode)
        }
        isEnded = true
        connection.endAfterSending(end)
        response.end(connection, work)
    }

    func ended(_ work: Workspace) {
        guard session.replica.contains(session.subscriber) else { return }
        isEnded = true
        session.replica.removeSubscriber(session.subscriber)
        work.statistics.add(.eventStreams, -1)
    }
}

extension ByteBuffer {
    /// One event an update. The last one of the batch carries the cursor, because all that it covers has then been sent.
    fileprivate mutating func append(updateEvents batch: borrowing Batch, of replica: BrokerReplica) {
        reserve(batch.byteCount + batch.entries.count * 8 + 64)
        let last = batch.entries.count - 1
        for (place, entry) in batch.entries.enumerated() {
            if place == last { append(idLine: batch.cursorOfUpdates, of: replica) }
            // An update is always one line (docs/protocol.md, section 1).
            append("data: ")
            append(entry.bytes)
            append("\n\n")
        }
    }

    fileprivate mutating func append(staleEvents batch: borrowing Batch, of replica: BrokerReplica) {
        let last = batch.staleNotices.count - 1
        for (place, notice) in batch.staleNotices.enumerated() {
            append("event: stale\n")
            if place == last { append(idLine: batch.cursor, of: replica) }
            append("data: {")
            append(notice.unsafeBytes)
            append("}\n\n")
        }
    }

    fileprivate mutating func append(
        liveEvent live: ReaderSession.PendingLive, _ cursor: UInt64, isAway: Bool, of replica: BrokerReplica
    ) {
        append("event: live\n")
        append(idLine: cursor, of: replica)
        append(live.isResumed ? "data: {\"resumed\":true" : "data: {\"resumed\":false")
        append(awayMember: isAway)
        append("}\n\n")
    }

    /// `id: …`, nothing where no cursor can be vouched for.
    fileprivate mutating func append(idLine cursor: UInt64?, of replica: BrokerReplica) {
        guard let cursor else { return }
        append("id: ")
        replica.append(cursor: cursor, to: &self)
        append(ASCII.lineFeed)
    }

    /// The last event of a stream. Its `retry:` is what an `EventSource` obeys, its data what a script can read.
    fileprivate mutating func append(
        goodbyeEvent reason: String, after milliseconds: Int, avoiding node: String? = nil
    ) {
        append(retryMilliseconds: milliseconds)
        append("event: goodbye\ndata: {\"reason\":")
        append(jsonString: reason)
        append(",\"reconnectAfter\":")
        append(decimal: UInt64(milliseconds))
        append(avoiding: node)
        append("}\n\n")
    }

    fileprivate mutating func append(gapEvent gap: Gap) {
        append("event: gap\ndata: {")
        append(gapMembers: gap)
        append("}\n\n")
    }
}
