/// Values over HTTP: one topic's latest update, and its end.
internal import Broker
internal import HTTP
internal import Primitives

enum TopicPage {
    static func show(
        _ name: [UInt8], _ head: RequestHead, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) {
        try work.demandReading(topic: name, by: connection.principal)
        work.catchUp()
        guard let latest = work.replica.latest(name.span) else { throw Self.missing }
        let version = Array(String(latest.version).utf8)
        let isKnown = head.ifNoneMatch?.covers(version) ?? false
        response.begin(
            isKnown ? 304 : 200, isKnown ? nil : "application/json",
            isKnown ? .none : .known(latest.line.count + 1), connection, work
        ) { fields in
            fields.add("ETag", [ASCII.quote] + version + [ASCII.quote])
            // It may be kept, but not be taken for the latest without asking.
            fields.add("Cache-Control", "no-cache")
        }
        if !isKnown {
            response.write(work) { output in
                output.append(latest.line)
                output.append(ASCII.lineFeed)
            }
        }
        response.end(connection, work)
    }

    static let missing = Problem(
        404, "not_found", "There is no such topic. GET /topics lists those there are.")
}
