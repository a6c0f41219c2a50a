/// Values over HTTP: one topic's latest update, and its end.
internal import Broker
internal import HTTP
internal import Primitives

enum TopicPage {
    static func show(
        _ name: [UInt8], _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        try work.demandReading(topic: name, by: connection.principal)
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

    static let missing = Problem(
        404, "not_found", "There is no such topic. GET /topics lists those there are.")
}
