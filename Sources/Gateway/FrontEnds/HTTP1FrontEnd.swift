/// A connection that speaks HTTP/1.1: requests in, answers out, one after the other (RFC 9112 §9.3.2).
internal import Broker
internal import HTTP
internal import Primitives

/// A value that fits into its connection: an idle connection has nothing else.
struct HTTP1FrontEnd: FrontEnd {
    private enum State {
        /// Between two requests.
        case idle
        /// A head has begun and is not whole.
        case head(PartialHead)
        /// A request's body is being read.
        case body(IncomingBody)
        /// A request is whole and its answer is not.
        case replying(any Reply, HTTP1Responder)
    }

    private var state = State.idle

    /// Knows how far it came in a head that is not whole. Nearly every head comes whole, and then nothing is remembered.
    private final class PartialHead {
        var parser: RequestParser
        let started: Instant

        init(_ parser: RequestParser, started: Instant) {
            self.parser = parser
            self.started = started
        }
    }

    private final class IncomingBody {
        var decoder: BodyDecoder
        /// It takes the body; nil where the answer was given without it, and the body is read over.
        let reply: (any Reply)?
        var response: HTTP1Responder
        /// When what is under way began and must be whole in time: the body, a line of it, its trailer. `never` between two
        /// lines.
        var unfinishedSince = Instant.never

        init(_ decoder: BodyDecoder, for reply: (any Reply)?, _ response: HTTP1Responder, at now: Instant) {
            self.decoder = decoder
            self.reply = reply
            self.response = response
            look(at: now)
        }

        /// Between two lines any time may pass: TCP finds out who has vanished.
        func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
            unfinishedSince == .never
                ? .never
                : min(connection.lastReceived + work.intervals.body, unfinishedSince + work.intervals.request)
        }

        /// Nothing was read for a while: for that time the peer does not answer.
        func readsAgain(at now: Instant) {
            if unfinishedSince != .never { unfinishedSince = now }
        }

        /// Takes note of how far it has come.
        func look(at now: Instant) {
            if decoder.isBetweenPieces, reply?.isBetweenLines ?? false {
                unfinishedSince = .never
            } else if unfinishedSince == .never {
                unfinishedSince = now
            }
        }
    }

    // MARK: Input

    var isReading: Bool {
        switch state {
        case .idle, .head: true
        case .body(let body): body.reply?.isReading ?? true
        case .replying(let reply, _): reply.isReading
        }
    }

    mutating func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ work: Workspace
    ) -> Int {
        let bytes = UnsafeBufferPointer(input).span
        do throws(HTTPFailure) {
            switch state {
            case .idle: return try receivedHead(bytes, after: nil, connection, work)
            case .head(let partial): return try receivedHead(bytes, after: partial, connection, work)
            case .body(let body): return try receivedBody(bytes, body, connection, work)
            case .replying(let reply, _): return reply.isReading ? bytes.count : 0
            }
        } catch {
            // A request whose body is read over has its answer already.
            if case .body(let body) = state, body.reply == nil {
                connection.endAfterSending(.malformed)
            } else {
                let isTLS = input.count > 1 && input[0] == 22 && input[1] == 3
                refuse(isTLS ? .needsNoTLS : Problem(error), .malformed, connection, work)
            }
            return input.count
        }
    }

    /// Refuses what is under way, and with it the connection, which can be read no further.
    private mutating func refuse(
        _ problem: Problem, _ reason: EndReason, _ connection: Connection, _ work: Workspace
    ) {
        if case .body(let body) = state, let reply = body.reply {
            if case .over = reply.refuse(problem, reason, &body.response, connection, work) {
                finish(reply, connection, work)
            }
        } else {
            ended(work)
            connection.endAfterSending(reason)
            var response = HTTP1Responder.last
            response.refuse(problem, connection, work)
        }
    }

    private mutating func receivedHead(
        _ bytes: Span<UInt8>, after partial: PartialHead?, _ connection: Connection, _ work: Workspace
    ) throws(HTTPFailure) -> Int {
        var parser = partial?.parser ?? RequestParser(limits: work.configuration.http.request)
        guard let (head, byteCount) = try parser.parse(bytes) else {
            guard work.mayHold(bytes.count) else {
                refuse(work.overloaded(), .refused, connection, work)
                return bytes.count
            }
            let begun = partial ?? PartialHead(parser, started: work.now)
            begun.parser = parser
            state = .head(begun)
            return 0
        }
        state = .idle
        work.statistics.add(.requests)
        var response = HTTP1Responder(head)
        // A client that waits for a 100 and gets an answer may send the body or not, so what comes next can't be told apart.
        if head.expectsContinue, !RequestRouter.takesBody(head) { response.close() }
        let routing = answered(head, &response, connection, work) { response throws(Problem) in
            try RequestRouter.route(head, &response, connection, work)
        }
        try go(on: routing, head, response, connection, work)
        return byteCount
    }

    /// Serves the request that has waited to be told who makes it.
    private mutating func serve(
        _ head: RequestHead, _ response: HTTP1Responder, _ connection: Connection, _ work: Workspace
    ) {
        state = .idle
        var response = response
        let routing = answered(head, &response, connection, work) { response throws(Problem) in
            try RequestRouter.serve(head, &response, connection, work)
        }
        do throws(HTTPFailure) {
            try go(on: routing, head, response, connection, work)
        } catch {
            refuse(Problem(error), .malformed, connection, work)
        }
        // A body, or what comes behind a switch of protocols, may be there already.
        if connection.hasInput { work.comeBack() }
    }

    /// How `route` lets the request go on; a refusal is an answer.
    private func answered(
        _ head: RequestHead, _ response: inout HTTP1Responder, _ connection: Connection, _ work: Workspace,
        _ route: (inout HTTP1Responder) throws(Problem) -> Routing
    ) -> Routing {
        do throws(Problem) {
            let routing = try route(&response)
            if case .body(_, let limit?) = routing, case .length(let byteCount) = head.bodyFraming,
                byteCount > limit
            {
                throw .bodyTooLarge(limit)
            }
            return routing
        } catch {
            // The bytes behind a refused request's head may be its body. It is not worth telling them apart.
            if head.bodyFraming.hasBody { response.abandonRequest(connection, .refused) }
            response.refuse(error, connection, work)
            return .answered
        }
    }

    /// Waits for what has to come after the head, or for the next one.
    private mutating func go(
        on routing: Routing, _ head: RequestHead, _ response: HTTP1Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(HTTPFailure) {
        switch routing {
        case .answered:
            connection.givePlacesBack()
            guard head.bodyFraming.hasBody, connection.endReason == nil else { return }
            let limit = work.configuration.publishers.bodyByteCount
            let decoder = BodyDecoder(head.bodyFraming, byteCountLimit: limit)
            state = .body(IncomingBody(decoder, for: nil, response, at: work.now))
        case .reply(let reply): state = .replying(reply, response)
        case .body(let reply, let byteCountLimit):
            let decoder = BodyDecoder(head.bodyFraming, byteCountLimit: byteCountLimit)
            let body = IncomingBody(decoder, for: reply, response, at: work.now)
            state = .body(body)
            if head.expectsContinue { body.response.sendContinue(work) }
            if !head.bodyFraming.hasBody { _ = try receivedBody([UInt8]().span, body, connection, work) }
        case .successor(let frontEnd): work.actions.successor = frontEnd
        }
    }

    private mutating func receivedBody(
        _ bytes: Span<UInt8>, _ body: IncomingBody, _ connection: Connection, _ work: Workspace
    ) throws(HTTPFailure) -> Int {
        let pieceByteCount = min(bytes.count, body.reply?.pieceByteCount ?? .max)
        let step = try body.decoder.next(bytes.extracting(..<pieceByteCount))
        guard let reply = body.reply else {
            if step.isEnd { state = .idle }
            return step.consumed
        }
        let progress = reply.received(
            bytes.extracting(step.content), isEnd: step.isEnd, &body.response, connection, work)
        switch progress {
        case .over: finish(reply, connection, work)
        case .continues(let next): state = .replying(next, body.response)
        case .goesOn, .admitted:
            if step.isEnd { state = .replying(reply, body.response) } else { body.look(at: work.now) }
        }
        return step.consumed
    }

    mutating func inputEnded(_ connection: Connection, _ work: Workspace) {
        switch state {
        case .body(let body) where body.reply?.isReading ?? false:
            // It may still read how far its lines came (half-closed).
            refuse(
                Problem(400, "bad_request", "The connection was closed in the middle of the body."), .peer,
                connection, work)
        case .idle, .head, .body: work.actions.end = .peer
        // A peer that has said all may still want the answer that it waits for (half-closed).
        case .replying: break
        }
    }

    // MARK: Replies

    /// Lets the reply at hand do something. When it is over, the requests that were pipelined behind it come next.
    private mutating func withReply(
        _ connection: Connection, _ work: Workspace,
        _ step: (any Reply, inout HTTP1Responder) -> ReplyProgress
    ) {
        switch state {
        case .idle, .head: return
        case .body(let body):
            guard let reply = body.reply else { return }
            let wasReading = reply.isReading
            switch step(reply, &body.response) {
            case .over: finish(reply, connection, work)
            case .continues(let next): state = .replying(next, body.response)
            case .goesOn, .admitted: if !wasReading, reply.isReading { body.readsAgain(at: work.now) }
            }
        case .replying(let reply, var response):
            switch step(reply, &response) {
            case .over: finish(reply, connection, work)
            case .admitted(let head): serve(head, response, connection, work)
            case .goesOn, .continues: state = .replying(reply, response)
            }
        }
    }

    private mutating func finish(_ reply: any Reply, _ connection: Connection, _ work: Workspace) {
        reply.ended(work)
        state = .idle
        connection.givePlacesBack()
        if connection.hasInput { work.comeBack() }
        if connection.facts.contains(.inputEnded) { connection.endAfterSending(.peer) }
    }

    mutating func flush(stream _: UInt16, budget: Int, _ connection: Connection, _ work: Workspace) {
        withReply(connection, work) { $0.flush(budget: budget, &$1, connection, work) }
    }

    mutating func endReader(
        _: UInt16, because problem: Problem, _ connection: Connection, _ work: Workspace
    ) {
        withReply(connection, work) { $0.endReader(because: problem, &$1, connection, work) }
    }

    func principalChanged(_ connection: Connection, _ work: Workspace) {
        reply?.principalChanged(connection, work)
    }

    mutating func awayChanged(_ connection: Connection, _ work: Workspace) {
        guard reply?.reader != nil else { return }
        withReply(connection, work) {
            $0.awayChanged(&$1, connection, work)
            return .goesOn
        }
    }

    mutating func answered(
        _ answer: Answer, to ticket: UInt64, _ connection: Connection, _ work: Workspace
    ) {
        withReply(connection, work) { $0.answered(answer, to: ticket, &$1, connection, work) }
    }

    // MARK: Time

    func deadline(_ connection: Connection, _ work: Workspace) -> Instant {
        switch state {
        case .idle where connection.surplus != nil: connection.accepted + work.intervals.head
        case .idle: max(connection.lastReceived, connection.lastSent) + work.intervals.idle
        case .head(let partial): partial.started + work.intervals.head
        case .body(let body) where body.reply?.isReading ?? true:
            body.deadline(connection, work)
        case .body(let body): body.reply?.deadline(connection, work) ?? .never
        case .replying(let reply, _): reply.deadline(connection, work)
        }
    }

    mutating func deadlineCame(_ connection: Connection, _ work: Workspace) {
        guard work.now >= deadline(connection, work) else { return }
        switch state {
        case .idle: work.actions.end = .timeout
        case .head: refuseLate(connection, work)
        case .body(let body):
            guard let reply = body.reply else { return connection.endAfterSending(.timeout) }
            guard !reply.isReading else { return refuseLate(connection, work) }
            withReply(connection, work) { $0.deadlineCame(&$1, connection, work) }
        case .replying: withReply(connection, work) { $0.deadlineCame(&$1, connection, work) }
        }
    }

    private mutating func refuseLate(_ connection: Connection, _ work: Workspace) {
        refuse(Problem(408, "bad_request", "The request did not come in time."), .timeout, connection, work)
    }

    mutating func sayGoodbye(_ connection: Connection, _ work: Workspace) {
        switch state {
        case .idle where !connection.hasUnread: work.actions.end = work.goodbye.ending
        // The answer to come will say that it is the last.
        case .idle, .head: break
        case .body, .replying: withReply(connection, work) { $0.sayGoodbye(&$1, connection, work) }
        }
    }

    mutating func ended(_ work: Workspace) {
        switch state {
        case .idle, .head: break
        case .body(let body): body.reply?.ended(work)
        case .replying(let reply, _): reply.ended(work)
        }
        state = .idle
    }

    // MARK: Readers

    private var reply: (any Reply)? {
        switch state {
        case .idle, .head: nil
        case .body(let body): body.reply
        case .replying(let reply, _): reply
        }
    }

    var heldByteCount: Int { reply?.heldByteCount ?? 0 }
    var transport: StaticString { reply?.transport ?? "http" }
    var reader: Reader? { reply?.reader }
    var maximumRate: Double? { reply?.maximumRate }
}
