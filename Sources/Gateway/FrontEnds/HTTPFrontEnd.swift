/// A connection that speaks HTTP/1.1: requests in, answers out, one after the other (RFC 9112 §9.3.2).
internal import Broker
internal import HTTP
internal import Primitives

/// Streams and WebSockets begin here and leave for a front end of their own.
final class HTTPFrontEnd: FrontEnd {
    private enum Phase {
        /// Between requests, or within a head.
        case head
        /// A publisher's body is being read.
        case body(PublishIntake)
        /// A body that nobody wants is read over.
        case discarding(UnwantedBody)
        /// A poll waits for something to change.
        case polling(WaitingPoll)
        /// The loops are asked for their connections.
        case surveying(ConnectionSurvey, until: Instant)
    }

    /// Knows how far it came in a head that is not whole; nil between requests.
    private var partialHead: PartialHead?
    private var phase = Phase.head
    /// When the head at hand began; nil between requests.
    private var headStarted: Instant?
    /// Whether the connection outlives the answer to the request at hand.
    private var isPersistent = true
    private var isHead = false
    private var version = HTTPVersion.http11

    private final class PartialHead {
        var parser: RequestParser
        init(_ parser: RequestParser) { self.parser = parser }
    }

    private final class UnwantedBody {
        var decoder: BodyDecoder
        init(_ decoder: BodyDecoder) { self.decoder = decoder }
    }

    var isReading: Bool {
        switch phase {
        case .polling, .surveying: false
        case .head, .body, .discarding: true
        }
    }

    var isSurveying: Bool {
        if case .surveying = phase { return true }
        return false
    }

    var transport: StaticString {
        if case .polling = phase { return "poll" }
        return "http"
    }

    var subscriber: SubscriberID? {
        if case .polling(let poll) = phase { return poll.subscriber }
        return nil
    }

    // MARK: Input

    func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) -> Int {
        let bytes = UnsafeBufferPointer(input).span
        do throws(HTTPFailure) {
            switch phase {
            case .head: return try receivedHead(bytes, connection, loop)
            case .body(let intake): return try receivedBody(bytes, intake, connection, loop)
            case .discarding(let body):
                let step = try body.decoder.next(bytes)
                if step.isEnd { phase = .head }
                return step.consumed
            case .polling, .surveying: return 0
            }
        } catch {
            loop.endAfterSending(connection, .malformed)
            isPersistent = false
            // A request whose body is read over has its answer already.
            if case .discarding = phase { return input.count }
            answer(Problem(error), connection, loop)
            return input.count
        }
    }

    private func receivedHead(
        _ bytes: Span<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) throws(HTTPFailure) -> Int {
        if headStarted == nil {
            headStarted = loop.now
            loop.schedule(connection)
        }
        guard let (head, byteCount) = try parseHead(bytes, loop) else { return 0 }
        headStarted = nil
        loop.statistics.requests.add()
        isPersistent = head.isPersistent && !loop.shared.isDrainingNow
        isHead = head.method == .head
        version = head.version
        do throws(Problem) {
            // Who waits for a 100 and gets an answer may send the body or not: nobody could tell what comes next.
            if head.expectsContinue, !takesBody(head) { isPersistent = false }
            try route(head, connection, loop)
        } catch {
            // What follows a refused request's head may be its body: it is not worth telling apart.
            if head.bodyFraming.hasBody {
                isPersistent = false
                loop.endAfterSending(connection, .refused)
            }
            answer(error, connection, loop)
        }
        if case .body(let intake) = phase, !head.bodyFraming.hasBody {
            _ = try receivedBody([UInt8]().span, intake, connection, loop)
        }
        if case .head = phase, connection.endReason == nil, connection.frontEnd === self,
            head.bodyFraming.hasBody
        {
            let limit = loop.configuration.publishers.bodyByteCount
            phase = .discarding(UnwantedBody(BodyDecoder(head.bodyFraming, byteCountLimit: limit)))
        }
        return byteCount
    }

    /// Nearly every head comes whole, and then nothing has to be remembered.
    private func parseHead(
        _ bytes: Span<UInt8>, _ loop: GatewayLoop
    ) throws(HTTPFailure) -> (head: RequestHead, byteCount: Int)? {
        var parser = partialHead?.parser ?? RequestParser(limits: loop.configuration.http.request)
        partialHead = nil
        let found = try parser.parse(bytes)
        if found == nil { partialHead = PartialHead(parser) }
        return found
    }

    private func receivedBody(
        _ bytes: Span<UInt8>, _ intake: PublishIntake, _ connection: Connection, _ loop: GatewayLoop
    ) throws(HTTPFailure) -> Int {
        let step = try intake.decoder.next(bytes)
        do throws(Problem) {
            try intake.received(bytes.extracting(step.content), connection, loop)
            if step.isEnd {
                phase = .head
                try intake.finish(self, connection, loop)
            }
        } catch {
            // The rest of the body is not read: the connection ends with the answer.
            if !step.isEnd {
                isPersistent = false
                loop.endAfterSending(connection, .refused)
            }
            phase = .head
            answer(error, connection, loop, extra: intake.progress)
        }
        return step.consumed
    }

    func inputEnded(_ connection: Connection, _ loop: GatewayLoop) {
        // A peer that has said all may still want the answer that it waits for (half-closed).
        guard isReading else { return }
        loop.end(connection, .peer)
    }

    // MARK: What others begin

    func beginBody(_ intake: PublishIntake, expectsContinue: Bool, _ loop: GatewayLoop) {
        phase = .body(intake)
        if expectsContinue { loop.output.append("HTTP/1.1 100 Continue\r\n\r\n") }
    }

    func beginPoll(_ poll: WaitingPoll) {
        phase = .polling(poll)
    }

    func beginSurvey(_ survey: ConnectionSurvey, until: Instant) {
        phase = .surveying(survey, until: until)
    }

    private func endPoll(_ poll: WaitingPoll, _ connection: Connection, _ loop: GatewayLoop) {
        poll.end(loop)
        endWaiting(connection, loop)
    }

    /// What was waited for is answered; what was pipelined behind it comes next.
    private func endWaiting(_ connection: Connection, _ loop: GatewayLoop) {
        phase = .head
        if connection.unread != nil || connection.holdsInput { loop.workLater(connection) }
        if connection.isInputEnded { loop.endAfterSending(connection, .peer) }
    }

    func flush(_ connection: Connection, _ loop: GatewayLoop) {
        switch phase {
        case .polling(let poll):
            guard loop.replica.hasMarks(poll.subscriber) else { return }
            poll.answerChanges(self, connection, loop)
            endPoll(poll, connection, loop)
        case .surveying(let survey, _):
            guard let result = survey.result else { return }
            ConnectionsPage.answer(result, self, connection, loop)
            endWaiting(connection, loop)
        case .head, .body, .discarding: return
        }
    }

    // MARK: Time

    func deadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant {
        switch phase {
        case .head:
            let lastHeard = max(connection.lastReceived, connection.lastSent)
            return headStarted.map { $0 + loop.intervals.head } ?? lastHeard + loop.intervals.idle
        case .body, .discarding: return connection.lastReceived + loop.intervals.body
        case .polling(let poll): return poll.until
        case .surveying(_, let until): return until
        }
    }

    func deadlineCame(_ connection: Connection, _ loop: GatewayLoop) {
        guard loop.now >= deadline(connection, loop) else { return }
        switch phase {
        case .polling(let poll):
            poll.answerTimeout(self, connection, loop)
            endPoll(poll, connection, loop)
        case .surveying:
            answer(Problem(503, "overloaded", "The loops are too busy to tell; try again."), connection, loop)
            endWaiting(connection, loop)
        case .head where headStarted == nil:
            loop.end(connection, .timeout)
        case .discarding: loop.endAfterSending(connection, .timeout)
        case .head, .body:
            isPersistent = false
            loop.endAfterSending(connection, .timeout)
            answer(Problem(408, "bad_request", "The request did not come in time."), connection, loop)
        }
    }

    func sayGoodbye(_ connection: Connection, _ loop: GatewayLoop) {
        isPersistent = false
        switch phase {
        case .polling(let poll):
            poll.answerGoodbye(self, connection, loop)
            endPoll(poll, connection, loop)
        case .head where headStarted == nil && connection.unread == nil:
            loop.end(connection, .drained)
        case .surveying:
            answer(.draining, connection, loop)
            endWaiting(connection, loop)
        case .head, .body, .discarding:
            return  // Its answer will say that it is the last.
        }
    }

    func ended(_ loop: GatewayLoop) {
        if case .polling(let poll) = phase { poll.end(loop) }
        phase = .head
    }

    // MARK: Answers

    /// Writes a whole answer. `fields` appends header fields besides the usual ones.
    func answer(
        _ status: Int, _ contentType: StaticString?, body: Span<UInt8>, _ connection: Connection,
        _ loop: GatewayLoop, fields: (inout ByteBuffer) -> Void = { _ in }
    ) {
        loop.output.append(statusLine: status)
        loop.output.append(dateField: loop.time.milliseconds / 1000)
        if let contentType { loop.output.append(field: "Content-Type", contentType) }
        // 204 and 304 carry no content, and so no length (RFC 9110 §8.6).
        if status != 204, status != 304 { loop.output.append(contentLength: body.count) }
        fields(&loop.output)
        if !isPersistent || loop.shared.isDrainingNow {
            loop.output.append(field: "Connection", "close")
            loop.endAfterSending(connection, .finished)
        } else if version == .http10 {
            loop.output.append(field: "Connection", "keep-alive")
        }
        loop.output.endFields()
        if !isHead { loop.output.append(body) }
        // What comes next is another request, and perhaps none that can be read.
        isHead = false
    }

    func answerJSON(_ body: consuming ByteBuffer, _ connection: Connection, _ loop: GatewayLoop) {
        answer(200, "application/json", body: body.bytes, connection, loop) {
            $0.append(field: "Cache-Control", "no-store")
        }
    }

    func answer(
        _ problem: Problem, _ connection: Connection, _ loop: GatewayLoop,
        extra: KeyValuePairs<StaticString, UInt64> = [:]
    ) {
        loop.note(refusal: problem, of: connection)
        var body = ByteBuffer()
        body.append(problem: problem.status, code: problem.code, detail: problem.detail, extra: extra)
        answer(problem.status, "application/problem+json", body: body.bytes, connection, loop) { fields in
            fields.append(field: "Cache-Control", "no-store")
            if let allowed = problem.allowed { fields.append(field: "Allow", allowed) }
            if problem.status == 426 {
                fields.append(field: "Upgrade", "websocket")
                fields.append(field: "Connection", "Upgrade")
                fields.append(field: "Sec-WebSocket-Version", "13")
            }
            if problem.status == 429 || problem.status == 503 {
                fields.append(field: "Retry-After", "\(problem.retryAfter)")
            }
        }
    }

    /// What a connection is told that can't be had for want of descriptors.
    static func overloadedAnswer(_ time: UnixTime) -> [UInt8] {
        var body = ByteBuffer()
        body.append(
            problem: 503, code: "overloaded", detail: "No more connections can be had; try again later.")
        var answer = ByteBuffer()
        answer.append(statusLine: 503)
        answer.append(dateField: time.milliseconds / 1000)
        answer.append(field: "Content-Type", "application/problem+json")
        answer.append(contentLength: body.count)
        answer.append(field: "Retry-After", "1")
        answer.append(field: "Connection", "close")
        answer.endFields()
        answer.append(body.bytes)
        return answer.array
    }
}
