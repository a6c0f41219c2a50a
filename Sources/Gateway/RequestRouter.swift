/// From a request's method and path to what answers it.
internal import Broker
internal import HTTP
internal import Primitives
internal import Transport

/// How a request goes on.
enum Routing {
    case answered
    case reply(any Reply)
    /// The reply takes the request's content, at most so many bytes of it; nil: any number.
    case body(any Reply, byteCountLimit: Int?)
    /// The connection speaks something else from here on.
    case successor(any FrontEnd)
}

enum RequestRouter {
    static func route(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        work.lookBehindProxy(head, connection)
        let path = head.path
        let resource = Resource(path)
        let caller = try work.access.admit(head, to: resource, connection, work)
        if case .allowed(let origin) = caller { response.share(with: origin) }
        if work.endpoint(of: connection)?.redirects ?? false {
            try redirect(head, &response, connection, work)
            return .answered
        }
        if connection.surplus != nil {
            connection.endAfterSending(.refused)
            response.close()
            if let refusal = work.refusal(of: connection) {
                try sendAway(because: refusal, resource, &response, connection, work)
                return .answered
            }
        }
        do throws(Problem) {
            try work.admitRequest(to: resource, connection)
        } catch  where resource == .eventStream {
            try sendAway(because: error, resource, &response, connection, work)
            return .answered
        }
        if head.method == .options {
            response.answer(204, connection, work) { fields in
                fields.add("Allow", allowed(path))
                if case .allowed = caller, head.field("Access-Control-Request-Method") != nil {
                    fields.addPreflight(methods: allowed(path), to: head)
                }
            }
            return .answered
        }
        if case .other = head.method {
            throw Problem(501, "bad_request", "This gateway does not know the method \(head.methodName).")
        }
        if work.isRestoring, resource != .health, resource != .readiness {
            try sendAway(because: work.restoring, resource, &response, connection, work)
            return .answered
        }
        let isGet = head.method == .get || head.method == .head
        try work.demandOpen(resource, isGet: isGet, connection)
        guard isGet || resource == .topic || takesBody(head) else { throw .notAllowed(allowed(path)) }
        if let question = try work.authenticate(head, to: resource, connection) {
            do throws(Problem) {
                return .reply(try AwaitedPrincipal(question, head, connection, work))
            } catch {
                try sendAway(because: error, resource, &response, connection, work)
                return .answered
            }
        }
        return try serve(head, &response, connection, work)
    }

    /// How a request goes on once it is known who makes it.
    static func serve(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        let path = head.path
        let resource = Resource(path)
        let isGet = head.method == .get || head.method == .head
        if resource != .drain { work.shared.drain.remove(watcher: connection) }
        do throws(Problem) {
            try work.takePlaces(for: resource, connection)
        } catch {
            try sendAway(because: error, resource, &response, connection, work)
            return .answered
        }
        if resource?.takesMemory(isGet: isGet) ?? true { try work.demandMemory() }
        switch resource {
        case .eventStream where !isGet, .poll where !isGet:
            return try SubscriptionIntake.open(head, work.configuration.subscribers)
        case .webSocket: return try openWebSocket(head, &response, connection, work)
        case .eventStream: return try EventStream.open(head, &response, connection, work)
        case .poll: return try LongPoll.open(head, &response, connection, work)
        case .topics: return try TopicListing.open(head, &response, connection, work)
        case .log: try LogReading.answer(head, &response, connection, work)
        case .topic: return try routeTopic(head, path, &response, connection, work)
        case .publish:
            guard head.method == .post else { throw .notAllowed("POST, OPTIONS") }
            try work.demandPublishingAnything(by: connection.principal)
            return try PublishIntake.open(head, .many, connection, work)
        case .connections: return try ConnectionsPage.open(head, connection, work)
        case .nodes: try NodesPage.show(&response, connection, work)
        case .tickets, .disconnection, .reload, .drain:
            guard head.method == .post else { throw .notAllowed("POST, OPTIONS") }
            return try OrderIntake.open(head, OrderIntake.Order(resource), connection, work)
        case .health, .readiness, .metrics, .stats, .settings:
            try OperationsPage.answer(path, &response, connection, work)
        case nil: try answerFile(head, path, &response, connection, work)
        }
        return .answered
    }

    /// Ends the connection with a refusal, which an event stream learns by its first event: a browser would never ask again.
    private static func sendAway(
        because refusal: Problem, _ resource: Resource?, _ response: inout some Responder,
        _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        connection.endAfterSending(.refused)
        response.close()
        guard resource == .eventStream else { throw refusal }
        // Now, because nobody waits for a body that may say more.
        EventStream.sendAway(because: refusal, &response, connection, work)
    }

    /// Sends the client to the same place by TLS, at the port of the first endpoint that speaks it, and has the page if one does.
    private static func redirect(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        guard let named = head.authority, let authority = Authority(named.span) else {
            throw .badRequest("The request names no host that this could lead to.")
        }
        // What comes behind, a body perhaps, is for nobody here.
        response.close()
        let secure = work.openAddresses.filter { $0.endpoint.tls != nil && $0.address.path == nil }
        let port =
            (secure.first { $0.endpoint.doors.contains(.subscribe) } ?? secure.first)?.address.port ?? 443
        let query = head.query
        let place =
            Array("https://".utf8) + authority.host + Array((port == 443 ? "" : ":\(port)").utf8) + head.path
            + (query.isEmpty ? [] : [ASCII.question] + query)
        response.begin(308, nil, .known(0), connection, work) { $0.add("Location", place) }
        response.end(connection, work)
    }

    /// Whether a body of this request is for anybody.
    static func takesBody(_ head: RequestHead) -> Bool {
        let resource = Resource(head.path)
        return switch head.method {
        case .post: resource?.takesPosts ?? false
        case .query: resource?.takesSubscriptions ?? false
        case .put: resource == .topic
        case .get, .head, .delete, .options, .other: false
        }
    }

    private static func openWebSocket(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        switch work.configuration.webSockets {
        case .subscribers: .successor(try WebSocketFrontEnd.open(head, &response, connection, work))
        case .echo: .successor(try EchoFrontEnd.open(head, &response, connection, work))
        }
    }

    private static func routeTopic(
        _ head: RequestHead, _ path: [UInt8], _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) -> Routing {
        guard let name = PercentCoding.decoded(Array(path.dropFirst("/topics/".utf8.count)).span) else {
            throw .badRequest("The path has a malformed percent escape.")
        }
        do {
            try TopicName.check(name.span)
        } catch {
            throw Problem(error)
        }
        switch head.method {
        case .get, .head: try TopicPage.show(name, head, &response, connection, work)
        case .put:
            try work.demandPublishingAnything(by: connection.principal)
            let kind = PublishIntake.Kind.one(topic: name, try UpdateOptions(head))
            return try PublishIntake.open(head, kind, connection, work)
        case .delete: return try PublishIntake.end(name, head, &response, connection, work)
        case .post, .query, .options, .other: throw .notAllowed(allowed(path))
        }
        return .answered
    }

    private static func answerFile(
        _ head: RequestHead, _ path: [UInt8], _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) {
        guard let decoded = head.decodedPath, let file = work.shared.files.file(decoded) else {
            throw Problem(
                404, "not_found", "Nothing is at this path. Values are at /topics/…, the page is at /.")
        }
        let isKnown = head.ifNoneMatch?.covers(file.entityTag) ?? false
        let content = isKnown ? ContentLength.none : .known(file.content.count)
        response.begin(isKnown ? 304 : 200, file.contentType, content, connection, work) { fields in
            fields.add("ETag", "\"\(String(decoding: file.entityTag, as: UTF8.self))\"")
            fields.add("Cache-Control", "no-cache")
            fields.add("X-Content-Type-Options", "nosniff")
            fields.add("Referrer-Policy", "no-referrer")
            fields.add(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            )
        }
        if !isKnown { response.write(work) { $0.append(file.content) } }
        response.end(connection, work)
    }

    private static func allowed(_ path: [UInt8]) -> StaticString {
        if path.starts(with: "/topics/".utf8) { return "GET, HEAD, PUT, DELETE, OPTIONS" }
        if path.elementsEqual("*".utf8) { return "GET, HEAD, POST, PUT, DELETE, QUERY, OPTIONS" }
        let resource = Resource(path)
        if resource?.takesSubscriptions ?? false { return "GET, HEAD, POST, QUERY, OPTIONS" }
        return resource?.takesPosts ?? false ? "POST, OPTIONS" : "GET, HEAD, OPTIONS"
    }
}
