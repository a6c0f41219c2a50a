/// `GET /topics`: the latest updates of what a pattern covers, in byte order of the names.
internal import Broker
internal import HTTP
internal import Primitives

/// A listing goes through the topics a few steps at a time: to find one of a million may take as many.
final class TopicListing: Reply {
    private var listing: Listing
    /// What it goes through.
    private let replica: BrokerReplica

    /// Begins to answer.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        // The listing may take turns, and then the bytes behind it are taken for the next request.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("A listing has no body; send the query alone.")
        }
        let asked = try listing(head, connection, work)
        work.catchUp()
        let reply = TopicListing(asked, of: work.replica)
        if case .over = reply.proceed(&response, connection, work) { return .answered }
        return .reply(reply)
    }

    private static func listing(
        _ head: RequestHead, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Listing {
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        // A listing without a pattern shows everything.
        var pattern = TopicPattern.everything
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
        try work.demandReading([pattern], by: connection.principal)
        return Listing(
            of: pattern, after: after, limit: limit,
            byteBudget: work.configuration.subscribers.answerByteCount)
    }

    private init(_ listing: Listing, of replica: BrokerReplica) {
        self.listing = listing
        self.replica = replica
    }

    var isReading: Bool { false }
    var heldByteCount: Int { listing.heldByteCount }

    func flush(
        budget _: Int, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        proceed(&response, connection, work)
    }

    private func proceed(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        replica.catchUp()
        var ration = work.ration
        guard replica.advance(&listing, &ration) else {
            work.comeBack()
            return .goesOn
        }
        work.batch.removeAll()
        let next = replica.finish(listing, into: &work.batch)
        var body = ByteBuffer(capacity: work.batch.byteCount + work.batch.entries.count * 32 + 64)
        body.append("{\"updates\":[")
        for (place, entry) in work.batch.entries.enumerated() {
            if place > 0 { body.append(ASCII.comma) }
            body.append(listed: entry, of: replica, at: work.now)
        }
        body.append(ASCII.closeBracket)
        if let next {
            body.append(",\"next\":")
            body.append(jsonString: next.unsafeBytes.span)
        }
        body.append("}\n")
        response.answerJSON(body, connection, work)
        return .over
    }

    func ended(_: Workspace) {}
}

extension ByteBuffer {
    /// The update with two more members at its end: `"age":12.5` (seconds) and, where it counts as stale, `"stale":true`.
    fileprivate mutating func append(listed entry: Batch.Entry, of replica: BrokerReplica, at now: Instant) {
        let line = entry.bytes
        append(UnsafeBufferPointer(rebasing: line.dropLast()))
        append(",\"age\":")
        let milliseconds = replica.age(of: entry.topic, at: now).nanoseconds / 1_000_000
        append(jsonNumber: Double(milliseconds) / 1000)
        append(replica.isStale(entry.topic) ? ",\"stale\":true}" : "}")
    }

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
