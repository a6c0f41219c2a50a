/// `GET /log`: pages of the updates that a topic's log keeps, oldest first.
internal import Broker
internal import HTTP
internal import Primitives

/// A page takes no more steps than a poll's answer of as many bytes, so it is made at once.
struct LogReading {
    private let topic: [UInt8]
    private let place: LogPlace
    private let limit: Int

    /// Answers the request.
    static func answer(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        let reading = try LogReading(head)
        try work.demandReading(topic: reading.topic, by: connection.principal)
        try reading.answer(&response, connection, work)
    }

    private init(_ head: RequestHead) throws(Problem) {
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        var (topic, from, before) = ([UInt8]?.none, UInt64?.none, UInt64?.none)
        var limit = 1000
        for (name, value) in items {
            switch String(decoding: name, as: UTF8.self) {
            case "topic": topic = value
            case "from": from = try Self.version(value, "from")
            case "before": before = try Self.version(value, "before")
            case "limit": limit = try SubscriptionRequest.limit(value)
            default: continue
            }
        }
        guard let topic else { throw .badRequest("Name a topic that has a log: ?topic=trades/ACME.") }
        do {
            try TopicName.check(topic.span)
        } catch {
            throw Problem(error)
        }
        if from != nil, before != nil {
            throw .badRequest("A page begins \"from\" a version or ends \"before\" one; it can't do both.")
        }
        self.topic = topic
        self.limit = limit
        place = before.map { .before($0) } ?? .from(from ?? 0)
    }

    private static func version(_ text: [UInt8], _ name: String) throws(Problem) -> UInt64 {
        guard let version = text.span.decimal else {
            throw .badRequest("\"\(name)\" must be a version, a whole number from 0 on.")
        }
        return version
    }

    private func answer(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        work.catchUp()
        work.batch.removeAll()
        let page: LogPage
        do {
            page = try work.replica.read(
                log: topic.span, place, limit: limit,
                byteBudget: work.configuration.subscribers.answerByteCount, into: &work.batch)
        } catch {
            throw error == .noTopic ? TopicPage.missing : Self.noLog
        }
        var body = ByteBuffer(capacity: work.batch.byteCount + work.batch.entries.count + 80)
        body.append("{\"updates\":")
        body.append(updates: work.batch)
        body.append(",\"first\":")
        body.append(decimal: page.first)
        if let next = page.next {
            body.append(",\"next\":")
            body.append(decimal: next)
        }
        body.append("}\n")
        response.answerJSON(body, connection, work)
    }

    private static let noLog = Problem(
        404, "not_found",
        "This topic keeps no log, only its latest value: GET /topics/… (\"topics.logs\" says which topics keep one)."
    )
}
