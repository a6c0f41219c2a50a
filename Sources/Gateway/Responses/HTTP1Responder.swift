/// The answer to one request as HTTP/1.1 writes it (RFC 9112): the only place where its heads and chunks are made.
internal import HTTP
internal import Primitives

/// One word, so that a reply of hours costs no more than that.
struct HTTP1Responder: Responder {
    private struct Traits: OptionSet {
        let rawValue: UInt8
        static let isHTTP10 = Traits(rawValue: 1)
        /// The request was a HEAD: the answer is its head.
        static let isHead = Traits(rawValue: 2)
        /// The connection ends with this answer.
        static let closes = Traits(rawValue: 4)
        static let isChunked = Traits(rawValue: 8)
    }

    private enum Form {
        case plain(Traits)
        /// A page of that origin may read the answer. It stands apart until the head is made, for it is rare and long.
        indirect case shared(Traits, with: [UInt8])
    }

    private var form: Form

    private var traits: Traits {
        get {
            switch form {
            case .plain(let traits), .shared(let traits, _): traits
            }
        }
        set {
            switch form {
            case .plain: form = .plain(newValue)
            case .shared(_, let origin): form = .shared(newValue, with: origin)
            }
        }
    }

    init(_ head: RequestHead) {
        form = .plain([])
        if head.version == .http10 { traits.insert(.isHTTP10) }
        if head.method == .head { traits.insert(.isHead) }
        if !head.isPersistent { traits.insert(.closes) }
    }

    /// The answer to bytes that could not be read. Nothing behind them can be read either.
    static var last: HTTP1Responder { HTTP1Responder() }

    private init() {
        form = .plain(.closes)
    }

    mutating func share(with origin: [UInt8]) {
        form = .shared(traits, with: origin)
    }

    mutating func begin(
        _ status: Int, _ contentType: StaticString?, _ content: ContentLength, _ connection: Connection,
        _ work: Workspace, fields: (any ResponseFields) -> Void
    ) {
        if work.shared.isDraining, !connection.facts.contains(.watchesDrain) { close() }
        work.output.append(statusLine: status)
        // An interim answer and a switch of protocols are of the moment.
        if status >= 200 { work.output.append(dateField: work.time.milliseconds / 1000) }
        if let contentType { work.output.append(field: "Content-Type", contentType) }
        if case .known(let byteCount) = content { work.output.append(contentLength: byteCount) }
        fields(HTTP1Fields(work: work))
        if status >= 200 {
            if let duration = work.endpoint(of: connection)?.strictTransport {
                work.output.append(
                    field: "Strict-Transport-Security", "max-age=\(duration.components.seconds)")
            }
            appendSharing(work)
        }
        switch content {
        case .none where status < 200: break
        case .none, .known: appendPersistence(work)
        case .open: beginOpenContent(work)
        }
        work.output.endFields()
    }

    /// Lets the page that asked read the answer, and keeps caches from handing that to another.
    private mutating func appendSharing(_ work: Workspace) {
        if work.access.variesByOrigin { work.output.append(field: "Vary", "Origin") }
        guard case .shared(let traits, let origin) = form else { return }
        HTTP1Fields(work: work).addSharing(
            with: origin, allowingCookies: work.configuration.access.takesCookies)
        form = .plain(traits)
    }

    private func appendPersistence(_ work: Workspace) {
        if traits.contains(.closes) {
            work.output.append(field: "Connection", "close")
        } else if traits.contains(.isHTTP10) {
            work.output.append(field: "Connection", "keep-alive")
        }
    }

    /// HTTP/1.1 streams in chunks; to HTTP/1.0 the stream ends with the connection.
    private mutating func beginOpenContent(_ work: Workspace) {
        if traits.contains(.isHTTP10) {
            close()
        } else {
            work.output.append(field: "Transfer-Encoding", "chunked")
            traits.insert(.isChunked)
        }
        if traits.contains(.isHead) { close() }
        if traits.contains(.isHTTP10) || traits.contains(.isHead) {
            work.output.append(field: "Connection", "close")
        }
    }

    mutating func write(_ work: Workspace, _ body: (inout ByteBuffer) -> Void) {
        if traits.contains(.isHead) { return }
        guard traits.contains(.isChunked) else { return body(&work.output) }
        let start = work.output.beginChunk()
        body(&work.output)
        work.output.endChunk(start)
    }

    mutating func end(_ connection: Connection, _ work: Workspace) {
        if traits.contains(.isChunked), !traits.contains(.isHead) { work.output.appendLastChunk() }
        if traits.contains(.closes) { connection.endAfterSending(.finished) }
    }

    mutating func sendContinue(_ work: Workspace) {
        work.output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    mutating func abandonRequest(_ connection: Connection, _ reason: EndReason) {
        close()
        connection.endAfterSending(reason)
    }

    mutating func close() {
        traits.insert(.closes)
    }

    /// A whole answer, made without a request, and the last one of its connection.
    static func wholeAnswer(_ problem: Problem, _ time: UnixTime) -> [UInt8] {
        var body = ByteBuffer()
        body.append(problem)
        var answer = ByteBuffer()
        answer.append(statusLine: problem.status)
        answer.append(dateField: time.milliseconds / 1000)
        answer.append(field: "Content-Type", "application/problem+json")
        answer.append(contentLength: body.count)
        if problem.status == 503 { answer.append(field: "Retry-After", "\(problem.retryAfter)") }
        answer.append(field: "Connection", "close")
        answer.endFields()
        answer.append(body.bytes)
        return answer.array
    }
}

private struct HTTP1Fields: ResponseFields {
    let work: Workspace

    func add(_ name: StaticString, bytes value: UnsafeBufferPointer<UInt8>) {
        work.output.append(field: name, value.span)
    }
}
