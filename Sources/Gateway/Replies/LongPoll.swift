/// Long polling: a question, an answer; between two of them the gateway remembers nothing, the cursor says it all.
internal import Access
internal import Broker
internal import HTTP
internal import Primitives

/// One poll. It asks what has changed; if nothing has, it waits as a subscriber like any other until something does, and asks
/// again.
final class LongPoll: Reply {
    private enum State {
        /// Until then it does not even ask: its poller holds a tag that says nothing to us.
        case pausing(until: Instant)
        /// Until that has come, it does not know what to ask.
        case awaiting(AwaitedCursor, cursor: [UInt8]?)
        case asking(PollQuery)
        /// Nothing has changed after `start`.
        case waiting(start: UInt64)
        /// It has its answer, which is held until its next ticket counts at all nodes.
        case answering(HeldAnswer)
    }

    private let patterns: [TopicPattern]
    private let until: Instant
    /// Whether nothing new is a 304, without an answer of its own.
    private let isConditional: Bool
    private let hasCursor: Bool
    private let mayWait: Bool
    private let wantsStaleness: Bool
    private let last: Int?
    /// What the question takes.
    private let patternByteCount: Int
    /// Seconds: what a poller that did not want to wait is told to wait when there was nothing new, and what one with a foreign tag
    /// has to wait.
    private static let pause = 1
    private var state: State
    /// What it asks.
    private var replica: BrokerReplica
    /// Made when it first waits.
    private var id: SubscriberID?

    /// Begins to answer `GET /poll`.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        let request = try SubscriptionRequest(head, from: connection, work)
        // The poll may wait, and then the bytes behind it are taken for the next request.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("A poll by GET has no body; send the query alone, or POST the body.")
        }
        return try begin(request, head, &response, connection, work).map { .reply($0) } ?? .answered
    }

    /// Begins to answer the request, whatever says what it asks for; nil where that is all.
    static func begin(
        _ asked: SubscriptionRequest, _ head: RequestHead, _ response: inout some Responder,
        _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> LongPoll? {
        var request = asked
        try request.demandTopics()
        work.catchUp()
        let tagged = request.cursor == nil ? cursor(among: head.ifNoneMatch, work.replica) : nil
        if let tagged { request.cursor = tagged }
        let wait = request.wait ?? head.preferredWait.map { min(max($0, 0), 60) } ?? 25
        let poll = LongPoll(
            request, wait: head.method == .head ? 0 : wait,
            // A POST is answered, whatever its sender holds (RFC 9110 §15.4.5).
            // And its next ticket is news.
            isConditional: tagged != nil && head.method != .post && connection.principal.proof != .ticket,
            connection, work)
        // Whoever changes our tags on their way so that we do not know them again would else have its poller ask without end.
        if request.cursor == nil, head.ifNoneMatch != nil, poll.mayWait, !work.shared.isDraining {
            poll.state = .pausing(until: work.now + .seconds(pause))
            return poll
        }
        if case .over = poll.ask(&response, connection, work) { return nil }
        return poll
    }

    /// The cursor that a tag is: of the first that can be honoured, or else of the first that is one at all. A tag that is none is
    /// nobody's we know: its holder gets the snapshot, like one without a cursor.
    private static func cursor(among condition: EntityTagCondition?, _ replica: BrokerReplica) -> [UInt8]? {
        guard case .tags(let tags) = condition else { return nil }
        var other: [UInt8]?
        for tag in tags {
            for text in tag.originals(upTo: Cursor.maximumByteCount) {
                guard let cursor = Cursor(text.span) else { continue }
                if replica.honours(cursor) { return text }
                other = other ?? text
                // What is left of a cursor without its end says too much.
                break
            }
        }
        return other
    }

    private init(
        _ request: SubscriptionRequest, wait: Int, isConditional: Bool, _ connection: Connection,
        _ work: Workspace
    ) {
        patterns = request.patterns
        until = work.now + .seconds(wait)
        self.isConditional = isConditional
        hasCursor = request.cursor != nil
        mayWait = wait > 0
        wantsStaleness = request.wantsStaleness
        last = request.last
        patternByteCount = TopicPattern.byteCount(of: request.patterns)
        replica = work.replica
        state = .pausing(until: until)
        if let awaited = work.awaited(request.cursor, for: connection) {
            state = .awaiting(awaited, cursor: request.cursor)
        } else {
            beginToAsk(after: request.cursor, connection, work)
        }
    }

    private func beginToAsk(after cursor: [UInt8]?, _ connection: Connection, _ work: Workspace) {
        work.catchUp()
        replica = work.replica
        let start = cursor.flatMap { Cursor($0.span) }
        let query = replica.beginPoll(
            of: patterns, after: start, last: start.isReset(cursor) ? nil : last,
            tellingStaleness: wantsStaleness, byteBudget: work.configuration.subscribers.answerByteCount)
        if cursor != nil { work.note(resume: query.isResumed, of: connection) }
        state = .asking(query)
    }

    /// What it has waited for has come, or the time is up. False: it is refused, and the poller keeps its cursor.
    private func judge(
        _ awaited: AwaitedCursor, _ cursor: [UInt8]?, _ response: inout some Responder,
        _ connection: Connection, _ work: Workspace
    ) -> Bool {
        guard !work.isTooFarBehind(awaited) else {
            response.refuse(.behind(wait: work.reconnectDelay()), connection, work)
            return false
        }
        beginToAsk(after: cursor, connection, work)
        return true
    }

    // MARK: Asking

    /// Goes on with the question, a few steps at a time, and answers it if it can.
    private func ask(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard case .asking(let query) = state else { return .goesOn }
        guard work.now < connection.principal.end else {
            response.refuse(.ended(connection.principal), connection, work)
            return .over
        }
        replica.catchUp()
        var ration = work.ration
        guard replica.advance(query, &ration) else {
            work.comeBack()
            return .goesOn
        }
        work.batch.removeAll()
        replica.finish(query, at: id == nil ? nil : work.clock.now(), into: &work.batch)
        let isAnswerable = !query.isResumed || !work.batch.isEmpty || work.batch.hasMore || id != nil
        if !isAnswerable, mayWait, !work.shared.isDraining, !replica.isReplaced {
            wait(from: work.batch.cursor ?? replica.sequence, connection, work)
            return .goesOn
        }
        return answer(isReset: hasCursor && !query.isResumed, &response, connection, work)
    }

    /// Answers with the batch at hand: 304 for nothing new to one that asked by tag.
    private func answer(
        isReset: Bool, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        var cursor = ByteBuffer()
        replica.append(
            cursor: work.batch.cursor ?? replica.sequence, snapshotBegan: work.batch.snapshotBegan,
            last: work.batch.snapshotLast, to: &cursor)
        work.noteDelivery(to: connection)
        let fields = HeldAnswer.Fields(
            tag: [ASCII.quote] + cursor.array + [ASCII.quote], pause: pause(isReset: isReset, work))
        if isConditional, work.batch.isEmpty, !isReset, !work.shared.isDraining, !replica.isReplaced {
            response.answer(304, connection, work, fields: fields.add(to:))
            return .over
        }
        var body = ByteBuffer(capacity: work.batch.byteCount + work.batch.entries.count + 128)
        body.append("{\"cursor\":\"")
        body.append(cursor.bytes)
        body.append("\",\"updates\":")
        body.append(updates: work.batch)
        if isReset { body.append(",\"reset\":true") }
        if work.isAway { body.append(",\"away\":true") }
        body.append("gaps", work.batch.gaps) { $0.append(gapMembers: $1) }
        body.append("stale", work.batch.staleNotices) { $0.append($1.unsafeBytes) }
        if connection.principal.proof == .ticket {
            if work.sharesLog {
                state = .answering(HeldAnswer(fields, body: body.bytes.array, connection, work))
                return .goesOn
            }
            let ticket = work.shared.accessTickets.issue(for: connection.principal, at: work.now)
            if let ticket { body.append(nextTicket: ticket) }
        }
        body.append("}\n")
        response.answer(200, "application/json", body.bytes, connection, work, fields: fields.add(to:))
        return .over
    }

    /// How many seconds the poller should wait before it asks again; nil: none.
    private func pause(isReset: Bool, _ work: Workspace) -> Int? {
        if work.shared.isDraining { return Problem.seconds(work.reconnectDelay()) }
        if replica.isReplaced { return Problem.seconds(work.reconnectDelay(because: .replaced)) }
        return mayWait || isReset || !work.batch.isEmpty ? nil : Self.pause
    }

    // MARK: Waiting

    private func wait(from start: UInt64, _ connection: Connection, _ work: Workspace) {
        state = .waiting(start: start)
        let subscriber = replica.addSubscriber(owner: connection.key)
        if wantsStaleness { replica.tellStaleness(to: subscriber) }
        replica.cover(subscriber, patterns, after: start)
        work.statistics.add(.polls)
        id = subscriber
    }

    func flush(
        budget _: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        switch state {
        case .waiting(let start):
            guard hasNews(work) else { return .goesOn }
            askAgain(after: start, work)
        case .awaiting(let awaited, let cursor):
            if work.isWaiting(for: awaited) { return .goesOn }
            guard judge(awaited, cursor, &response, connection, work) else { return .over }
        case .pausing, .asking, .answering: break
        }
        return ask(&response, connection, work)
    }

    func endReader(
        because problem: Problem, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(problem, connection, work)
        return .over
    }

    func principalChanged(_ connection: Connection, _ work: Workspace) {
        let rights = connection.principal.rights.subscribe
        if !patterns.allSatisfy({ rights.allows($0) }) { work.withdraw(connection) }
    }

    private func hasNews(_ work: Workspace) -> Bool { id.map { replica.hasMarks($0) } ?? false }

    private func askAgain(after start: UInt64, _ work: Workspace) {
        if let id { replica.countWait(of: id, until: work.clock.now()) }
        state = .asking(
            replica.beginPoll(
                of: patterns, after: start, tellingStaleness: wantsStaleness,
                byteBudget: work.configuration.subscribers.answerByteCount))
    }

    func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
        switch state {
        case .pausing(let end): end
        case .awaiting(let awaited, _): work.deadline(of: awaited)
        case .asking: .never
        case .waiting: min(until, connection.principal.farewell)
        case .answering(let held): held.until
        }
    }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard case .answering(let held) = state, case .note(let outcome) = answer else { return .goesOn }
        return send(held, isLeft: outcome == .left, &response, connection, work)
    }

    private func send(
        _ held: HeldAnswer, isLeft: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        if work.now < connection.principal.end {
            held.send(isLeft: isLeft, &response, connection, work)
        } else {
            response.refuse(.ended(connection.principal), connection, work)
        }
        return .over
    }

    /// The time is up. The answer moves the cursor on to the present. A change of this very turn still goes into it.
    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        if case .answering(let held) = state {
            return send(held, isLeft: false, &response, connection, work)
        }
        if case .awaiting(let awaited, _) = state, work.isWaiting(for: awaited) { return .goesOn }
        return answerNow(&response, connection, work)
    }

    /// The gateway drains: the poller goes on elsewhere, with the latest changes.
    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        answerNow(&response, connection, work)
    }

    private func answerNow(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard work.now < connection.principal.end else {
            response.refuse(.ended(connection.principal), connection, work)
            return .over
        }
        switch state {
        case .pausing:
            beginToAsk(after: nil, connection, work)
            return ask(&response, connection, work)
        case .awaiting(let awaited, let cursor):
            guard judge(awaited, cursor, &response, connection, work) else { return .over }
            return ask(&response, connection, work)
        case .asking, .waiting, .answering: break
        }
        guard case .waiting(let start) = state, let id else { return .goesOn }
        if hasNews(work) {
            askAgain(after: start, work)
            return ask(&response, connection, work)
        }
        work.batch.removeAll()
        work.batch.cursor = replica.cursor(of: id)
        return answer(isReset: false, &response, connection, work)
    }

    // MARK: Life

    var heldByteCount: Int {
        switch state {
        case .asking(let query): patternByteCount + query.heldByteCount
        case .answering(let held): patternByteCount + held.byteCount
        // A usual question is part of what a poll costs.
        case .pausing, .awaiting, .waiting:
            patternByteCount > ClientMemory.freeByteCount ? patternByteCount : 0
        }
    }

    var transport: StaticString { "poll" }
    var reader: Reader? { id.map { Reader(id: $0, replica: replica) } }
    var isReading: Bool { false }

    func ended(_ work: Workspace) {
        if case .answering(let held) = state { held.forget(work) }
        guard let id else { return }
        self.id = nil
        replica.removeSubscriber(id)
        work.statistics.add(.polls, -1)
    }
}

extension ByteBuffer {
    /// `,"gaps":[{…},{…}]`, nothing where there are none; `members` appends those of one object.
    fileprivate mutating func append<Item>(
        _ name: StaticString, _ items: [Item], _ members: (inout ByteBuffer, Item) -> Void
    ) {
        guard !items.isEmpty else { return }
        append(",\"")
        append(name)
        append("\":[")
        for (place, item) in items.enumerated() {
            append(place == 0 ? "{" : ",{")
            members(&self, item)
            append(ASCII.closeBrace)
        }
        append(ASCII.closeBracket)
    }
}
