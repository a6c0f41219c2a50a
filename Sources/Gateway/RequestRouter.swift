/// From a request's method and path to what answers it.
internal import Broker
internal import HTTP
internal import Primitives

extension HTTPFrontEnd {
    func route(_ head: RequestHead, _ connection: Connection, _ loop: GatewayLoop) throws(Problem) {
        let path = head.path
        if head.method == .options {
            answer(204, nil, body: [UInt8]().span, connection, loop) {
                $0.append(field: "Allow", Self.allowed(path))
            }
            return
        }
        if case .other = head.method {
            throw Problem(501, "bad_request", "This gateway does not know the method \(head.methodName).")
        }
        if path.starts(with: "/topics/".utf8) {
            try routeTopic(head, path, connection, loop)
            return
        }
        let isGet = head.method == .get || head.method == .head
        guard isGet || path.elementsEqual("/publish".utf8) && head.method == .post else {
            throw .notAllowed(Self.allowed(path))
        }
        switch String(decoding: path, as: UTF8.self) {
        case "/ws": try WebSocketFrontEnd.open(head, connection, loop)
        case "/sse": try EventStreamFrontEnd.open(head, self, connection, loop)
        case "/poll": try LongPoll.open(head, self, connection, loop)
        case "/topics": try TopicPage.list(head, self, connection, loop)
        case "/publish":
            guard head.method == .post else { throw .notAllowed("POST, OPTIONS") }
            beginBody(
                try PublishIntake(head, .many, loop.configuration.publishers),
                expectsContinue: head.expectsContinue,
                loop)
        case "/healthz", "/readyz", "/metrics", "/stats", "/connections":
            try OperationsPage.answer(path, head, self, connection, loop)
        default: try answerFile(head, path, connection, loop)
        }
    }

    /// Whether a body of this request is for anybody.
    func takesBody(_ head: RequestHead) -> Bool {
        switch head.method {
        case .post: head.path.elementsEqual("/publish".utf8)
        case .put: head.path.starts(with: "/topics/".utf8)
        case .get, .head, .delete, .options, .other: false
        }
    }

    private func routeTopic(
        _ head: RequestHead, _ path: [UInt8], _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        guard let name = PercentCoding.decoded(Array(path.dropFirst("/topics/".utf8.count)).span) else {
            throw .badRequest("The path has a malformed percent escape.")
        }
        do {
            try TopicName.check(name.span)
        } catch {
            throw Problem(error)
        }
        switch head.method {
        case .get, .head: try TopicPage.show(name, self, connection, loop)
        case .put:
            beginBody(
                try PublishIntake(head, .one(topic: name), loop.configuration.publishers),
                expectsContinue: head.expectsContinue, loop)
        case .delete: try TopicPage.delete(name, self, connection, loop)
        case .post, .options, .other: throw .notAllowed(Self.allowed(path))
        }
    }

    private func answerFile(
        _ head: RequestHead, _ path: [UInt8], _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        guard let decoded = head.decodedPath, let file = loop.shared.files.file(decoded) else {
            throw Problem(
                404, "not_found", "Nothing is at this path. Values are at /topics/…, the page is at /.")
        }
        let isKnown = head.ifNoneMatch.contains { $0 == file.entityTag || $0 == [ASCII.asterisk] }
        let content = isKnown ? [] : file.content
        answer(isKnown ? 304 : 200, file.contentType, body: content.span, connection, loop) { fields in
            fields.append(field: "ETag", "\"\(String(decoding: file.entityTag, as: UTF8.self))\"")
            fields.append(field: "Cache-Control", "no-cache")
            fields.append(field: "X-Content-Type-Options", "nosniff")
            fields.append(field: "Referrer-Policy", "no-referrer")
            fields.append(
                field: "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
        }
    }

    private static func allowed(_ path: [UInt8]) -> StaticString {
        if path.elementsEqual("/publish".utf8) { return "POST, OPTIONS" }
        if path.starts(with: "/topics/".utf8) { return "GET, HEAD, PUT, DELETE, OPTIONS" }
        if path.elementsEqual("*".utf8) { return "GET, HEAD, POST, PUT, DELETE, OPTIONS" }
        return "GET, HEAD, OPTIONS"
    }
}
