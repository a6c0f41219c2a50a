/// Where the answer to one request goes, whatever protocol carries it: a head, content, an end.
internal import HTTP
internal import Primitives

/// HTTP/1.1 implements it (`HTTP1Responder`). Pages, problems and replies answer through it and know neither how a
/// head is written nor how content is framed.
protocol Responder {
    /// A page of another origin has asked, and may read the answer.
    mutating func share(with origin: [UInt8])
    /// Begins the answer. `fields` adds header fields besides those that every answer has.
    mutating func begin(
        _ status: Int, _ contentType: StaticString?, _ content: ContentLength, _ connection: Connection,
        _ work: Workspace, fields: (any ResponseFields) -> Void)
    /// Appends content: the bytes that `body` writes go out as one piece.
    mutating func write(_ work: Workspace, _ body: (inout ByteBuffer) -> Void)
    /// Ends the answer.
    mutating func end(_ connection: Connection, _ work: Workspace)
    /// Tells a peer that waits for it to send the request's content (RFC 9110 §10.1.1).
    mutating func sendContinue(_ work: Workspace)
    /// The rest of the request's content will not be read: the answer that comes now is the connection's last, where the
    /// protocol can't tell that rest from another request.
    mutating func abandonRequest(_ connection: Connection, _ reason: EndReason)
    /// The answer that comes now is the last that this connection gives.
    mutating func close()
}

/// How much content an answer has.
enum ContentLength {
    /// None at all, as with 101, 204 and 304, which also have no length (RFC 9110 §8.6).
    case none
    case known(Int)
    /// Whatever comes until the end.
    case open
}

/// The header fields of an answer that has begun.
protocol ResponseFields {
    func add(_ name: StaticString, bytes value: UnsafeBufferPointer<UInt8>)
}

extension ResponseFields {
    func add(_ name: StaticString, _ value: StaticString) {
        add(name, bytes: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    func add(_ name: StaticString, _ value: [UInt8]) {
        value.withUnsafeBufferPointer { add(name, bytes: $0) }
    }

    @_disfavoredOverload
    func add(_ name: StaticString, _ value: String) {
        add(name, Array(value.utf8))
    }
}

extension Responder {
    /// A whole answer whose content is at hand.
    mutating func answer(
        _ status: Int, _ contentType: StaticString?, _ content: Span<UInt8>, _ connection: Connection,
        _ work: Workspace, fields: (any ResponseFields) -> Void = { _ in }
    ) {
        begin(status, contentType, .known(content.count), connection, work, fields: fields)
        content.withUnsafeBufferPointer { bytes in write(work) { $0.append(bytes) } }
        end(connection, work)
    }

    /// A whole answer without content.
    mutating func answer(
        _ status: Int, _ connection: Connection, _ work: Workspace,
        fields: (any ResponseFields) -> Void = { _ in }
    ) {
        begin(status, nil, .none, connection, work, fields: fields)
        end(connection, work)
    }

    /// A value that is true now and perhaps no more when it is asked for again.
    mutating func answerJSON(_ body: borrowing ByteBuffer, _ connection: Connection, _ work: Workspace) {
        answerJSON(body.bytes, connection, work)
    }

    mutating func answerJSON(_ body: Span<UInt8>, _ connection: Connection, _ work: Workspace) {
        answer(200, "application/json", body, connection, work) {
            $0.add("Cache-Control", "no-store")
        }
    }

    /// Says what was wrong and what to do (RFC 9457); `extra` members come last.
    mutating func refuse(
        _ problem: Problem, _ connection: Connection, _ work: Workspace,
        extra: KeyValuePairs<StaticString, UInt64> = [:]
    ) {
        work.note(refusal: problem, of: connection)
        var body = ByteBuffer()
        body.append(problem, extra: extra)
        answer(problem.status, "application/problem+json", body.bytes, connection, work) { fields in
            fields.add("Cache-Control", "no-store")
            if let allowed = problem.allowed { fields.add("Allow", allowed) }
            if let challenge = problem.challenge { fields.add("WWW-Authenticate", challenge) }
            if problem.status == 426 {
                fields.add("Upgrade", "websocket")
                fields.add("Connection", "Upgrade")
                fields.add("Sec-WebSocket-Version", "13")
            }
            if problem.status == 429 || problem.status == 503 {
                fields.add("Retry-After", "\(problem.retryAfter)")
            }
        }
    }
}
