/// `GET /connections`: the open connections, the slowest first.
internal import Broker
internal import HTTP
internal import Primitives

enum ConnectionsPage {
    /// How long the loops may take to answer before the request is given up.
    fileprivate static let patience = Duration.seconds(5)

    /// Begins to ask the loops.
    static func open(
        _ head: RequestHead, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        try OperationsPage.demandMetrics(connection, work)
        guard work.shared.listsConnections else {
            throw Problem(
                403, "forbidden", "Connections are not listed here; see \"operations.connections\".")
        }
        // The request waits, and the bytes behind it are then taken for the next one.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("This request has no body; send the query alone.")
        }
        // A loop that has drained gives no answer.
        if work.shared.isDrainingNow { throw .draining(wait: work.reconnectDelay()) }
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        var limit = 100
        for (name, value) in items where name.elementsEqual("limit".utf8) {
            limit = try SubscriptionRequest.limit(value)
        }
        return .reply(AwaitedConnections(limit: limit, connection, work))
    }
}

/// A request that waits until all loops have listed their connections.
private final class AwaitedConnections: Reply {
    private let ticket: UInt64
    private let until: Instant

    init(limit: Int, _ connection: Connection, _ work: Workspace) {
        ticket = work.tickets.issue(to: connection.key)
        until = work.now + ConnectionsPage.patience
        let loops = work.shared.loops
        let survey = ConnectionSurvey(
            limit: limit, loopCount: loops.count, asker: work.mailbox, ticket: ticket)
        for loop in loops { loop.mailbox.post(.survey(survey)) }
    }

    var isReading: Bool { false }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard case .connections(let survey) = answer else { return .goesOn }
        let result = survey.result
        var body = ByteBuffer(capacity: 256 * (result.rows.count + 1))
        body.append(result)
        response.answerJSON(body, connection, work)
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(
            Problem(503, "overloaded", "The loops are too busy to tell; try again."), connection, work)
        return .over
    }

    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(.draining(wait: work.reconnectDelay()), connection, work)
        return .over
    }

    func ended(_ work: Workspace) {
        work.tickets.redeem(ticket)
    }
}

extension ByteBuffer {
    /// `{"connections":[{…},{…}],"total":N}`
    fileprivate mutating func append(_ result: (rows: [ConnectionSurvey.Row], connectionCount: Int)) {
        append("{\"connections\":[")
        for (place, row) in result.rows.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(row)
        }
        append("],\"total\":")
        append(decimal: UInt64(result.connectionCount))
        append("}\n")
    }

    private mutating func append(_ row: ConnectionSurvey.Row) {
        append("{\"address\":")
        append(jsonString: row.address)
        if let subject = row.subject {
            append(",\"subject\":")
            append(jsonString: subject)
        }
        append(",\"transport\":\"")
        append(row.transport)
        append("\",\"age\":")
        append(jsonNumber: Self.rounded(row.age))
        append(",\"topics\":")
        append(decimal: UInt64(row.topics))
        append(rateMember: row.maximumRate)
        append(",\"rate\":")
        // Over its whole life.
        append(jsonNumber: row.age > 0 ? Self.rounded(Double(row.delivered) / row.age) : 0)
        for (name, value) in [
            ("delivered", row.delivered), ("conflated", row.conflated), ("marked", UInt64(row.marked)),
            ("bytesPending", UInt64(row.pendingByteCount)),
        ] as [(StaticString, UInt64)] {
            append(",\"")
            append(name)
            append("\":")
            append(decimal: value)
        }
        append(",\"stalled\":")
        append(jsonNumber: Self.rounded(row.stalled))
        append(ASCII.closeBrace)
    }

    /// To a hundredth.
    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
