/// `GET /connections`: who is connected, the slowest first.
internal import HTTP
internal import Primitives

enum ConnectionsPage {
    /// How long the loops may take to answer before the request is given up.
    private static let patience = Duration.seconds(5)

    /// Begins to ask the loops.
    static func open(
        _ head: RequestHead, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        // It waits, and what stands behind it is then taken for the next request.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("This request has no body; send the query alone.")
        }
        // A loop that has drained answers nobody.
        if loop.shared.isDrainingNow { throw .draining }
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        var limit = 100
        for (name, value) in items where name.elementsEqual("limit".utf8) {
            limit = try SubscriptionRequest.limit(value)
        }
        http.beginSurvey(loop.survey(limit: limit, for: connection), until: loop.now + patience)
    }

    static func answer(
        _ result: (rows: [ConnectionSurvey.Row], connectionCount: Int), _ http: HTTPFrontEnd,
        _ connection: Connection, _ loop: GatewayLoop
    ) {
        var body = ByteBuffer(capacity: 256 * (result.rows.count + 1))
        body.append(result)
        http.answerJSON(body, connection, loop)
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
