/// Values over HTTP: one topic's latest update, its end, and listings.
internal import Broker
internal import HTTP
internal import Primitives

enum TopicPage {
    static func show(
        _ name: [UInt8], _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        loop.replica.catchUp()
        guard let latest = loop.replica.latest(name.span) else { throw Self.missing }
        var body = ByteBuffer(capacity: latest.count + 1)
        body.append(latest)
        body.append(ASCII.lineFeed)
        http.answerJSON(body, connection, loop)
    }

    static func delete(
        _ name: [UInt8], _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        do {
            try loop.publishing.append(tombstoneOf: name.span)
        } catch {
            throw Problem(error)
        }
        guard let version = try loop.publish(from: connection).lastVersion else { throw Self.missing }
        var body = ByteBuffer()
        body.append(accepted: name, version, loop.time, isDeleted: true)
        http.answerJSON(body, connection, loop)
    }

    static func list(
        _ head: RequestHead, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
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
        loop.replica.catchUp()
        loop.batch.removeAll()
        let next = loop.replica.list(
            pattern, after: after, limit: limit, byteBudget: loop.configuration.subscribers.answerByteCount,
            into: &loop.batch)
        var body = ByteBuffer(capacity: loop.batch.byteCount + loop.batch.entries.count + 64)
        body.append("{\"updates\":")
        body.append(updates: loop.batch)
        if let next {
            body.append(",\"next\":")
            body.append(jsonString: next.unsafeBytes.span)
        }
        body.append("}\n")
        http.answerJSON(body, connection, loop)
    }

    private static let missing = Problem(
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
