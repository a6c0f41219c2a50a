/// `GET /connections`: the open connections, the slowest first.
internal import Broker
internal import HTTP
internal import Primitives

enum ConnectionsPage {
    /// Begins to ask the loops.
    static func open(
        _ head: RequestHead, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        try OperationsPage.demandMetrics(connection, work)
        guard work.configuration.operations.listsConnections(at: work.openAddresses) else {
            throw Problem(
                403, "forbidden", "Connections are not listed here; see \"operations.connections\".")
        }
        // The request waits, and the bytes behind it are then taken for the next one.
        guard !head.bodyFraming.hasBody else {
            throw .badRequest("This request has no body; send the query alone.")
        }
        // A loop that has drained gives no answer.
        if work.shared.isDraining { throw .draining(wait: work.reconnectDelay()) }
        guard let items = head.queryItems() else {
            throw .badRequest("The query has a malformed percent escape.")
        }
        var limit = 100
        for (name, value) in items where name.elementsEqual("limit".utf8) {
            limit = try SubscriptionRequest.limit(value)
        }
        return .reply(survey(limit: limit, connection, work))
    }

    /// Waits until all loops have listed their connections.
    private static func survey(limit: Int, _ connection: Connection, _ work: Workspace) -> AwaitedAnswer {
        AwaitedAnswer(
            patience: .seconds(5), late: "The loops are too busy to tell; try again.", endsWithDrain: true,
            connection, work
        ) {
            let loops = work.shared.loops
            let survey = ConnectionSurvey(
                limit: limit, byteLimit: work.configuration.subscribers.answerByteCount,
                loopCount: loops.count, asker: work.mailbox, ticket: $0)
            for loop in loops { loop.mailbox.post(.survey(survey)) }
        } tell: { answer in
            guard case .connections(let survey) = answer else { return nil }
            let result = survey.result
            var body = ByteBuffer(capacity: result.rows.reduce(64) { $0 + $1.byteCount + 1 })
            body.append(result)
            return .success(body)
        }
    }
}

extension ByteBuffer {
    /// `{"connections":[{…},{…}],"total":N}`
    fileprivate mutating func append(_ result: (rows: [Payload], connectionCount: Int)) {
        append("{\"connections\":[")
        for (place, row) in result.rows.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(row.unsafeBytes)
        }
        append("],\"total\":")
        append(decimal: UInt64(result.connectionCount))
        append("}\n")
    }
}
