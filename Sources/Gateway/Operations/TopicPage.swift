/// Values over HTTP: one topic's latest update, its end, and listings.
internal import Broker
internal import HTTP
internal import Primitives

enum TopicPage {
    static func show(
        _ name: [UInt8], _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        try connection.principal.demandReading(topic: name)
        work.replica.catchUp()
        guard let latest = work.replica.latest(name.span) else { throw Self.missing }
        var body = ByteBuffer(capacity: latest.count + 1)
        body.append(latest)
        body.append(ASCII.lineFeed)
        response.answerJSON(body, connection, work)
    }

    static func delete(
        _ name: [UInt8], _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        try PublishIntake.end(name, &response, connection, work)
    }

    static func list(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        var pattern: TopicPattern?
        var after: [UInt8]?
        var limit = 1000
        for (name, value) in items {
            switch String(decoding: name, as: UTF8.self) {
            case "match":
                do {
                    pattern = try TopicPattern(value.span)
                } catch {
                    throw Problem(error)
                }
            case "after": after = value
            case "limit": limit = try SubscriptionRequest.limit(value)
            default: continue
            }
        }
        // A listing without a pattern shows everything.
        try connection.principal.demandReading([pattern ?? .everything])
        work.replica.catchUp()
        work.batch.removeAll()
        let next = work.replica.list(
            pattern, after: after, limit: limit, byteBudget: work.configuration.subscribers.answerByteCount,
            into: &work.batch)
        var body = ByteBuffer(capacity: work.batch.byteCount + work.batch.entries.count + 64)
        body.append("{\"updates\":")
        body.append(updates: work.batch)
        if let next {
            body.append(",\"next\":")
            body.append(jsonString: next.unsafeBytes.span)
        }
        body.append("}\n")
        response.answerJSON(body, connection, work)
    }

    static let missing = Problem(
        404, "not_found", "There is no such topic. GET /topics lists those there are.")
}

extension ByteBuffer {
    /// `[{…},{…}]`
    mutating func append(updates batch: borrowing Batch) {
        reserve(batch.byteCount + batch.entries.count + 2)
        append(ASCII.openBracket)
        var isFirst = true
        for entry in batch.entries {
            if !isFirst { append(ASCII.comma) }
            isFirst = false
            append(entry.bytes)
        }
        append(ASCII.closeBracket)
    }
}
