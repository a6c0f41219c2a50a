/// How a request that publishes begins: what kind of body it brings, and what it demands.
internal import Broker
internal import HTTP
internal import Primitives

extension PublishIntake {
    /// Answers `PUT /topics/…` and `POST /publish`.
    static func open(
        _ head: RequestHead, _ kind: Kind, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        guard head.bodyFraming != .none else {
            throw Problem(411, "bad_request", "Send a body, with Content-Length or chunked.")
        }
        let settings = work.configuration.publishers
        let isLines = try Self.isLines(head)
        if isLines, case .one = kind {
            throw Problem(415, "bad_request", "A single value is JSON; send lines to /publish.")
        }
        let condition = try VersionCondition(head)
        if condition != nil, case .many = kind {
            throw .badRequest(
                "If-Match and If-None-Match are for one topic; of many, each update has \"ifVersion\".")
        }
        let limit: Int? =
            switch kind {
            case .one, .end: settings.valueByteCount
            case .many: isLines ? nil : settings.bodyByteCount
            }
        let intake = PublishIntake(
            kind, isLines: isLines, under: try PublishKey(head, of: connection.principal), if: condition,
            settings)
        return .body(intake, byteCountLimit: limit)
    }

    /// Answers `DELETE /topics/…`.
    static func end(
        _ topic: [UInt8], _ head: RequestHead, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) -> Routing {
        let intake = PublishIntake(
            .end(topic: topic), isLines: false, under: try PublishKey(head, of: connection.principal),
            if: try VersionCondition(head), work.configuration.publishers)
        try intake.takeEnd(connection, work)
        if case .over = intake.answerWhenKnown(&response, connection, work) { return .answered }
        return .reply(intake)
    }

    /// Decides by the content type whether lines come, and refuses what can only be a mistake. What curl sends
    /// by itself, and no type at all, is taken for JSON.
    static func isLines(_ head: RequestHead) throws(Problem) -> Bool {
        if let coding = head.field("Content-Encoding"), !coding.span.equals("identity") {
            throw Problem(415, "bad_request", "Send the body without Content-Encoding.")
        }
        guard let field = head.field("Content-Type") else { return false }
        let end = field.firstIndex { $0 == ASCII.semicolon || $0 == ASCII.space } ?? field.count
        let type = field.span.extracting(0..<end)
        if lineTypes.contains(where: { ASCII.equalIgnoringCase(type, $0) }) { return true }
        if bodyTypes.contains(where: { ASCII.equalIgnoringCase(type, $0) }) { return false }
        if type.count > 5, ASCII.equalIgnoringCase(type.extracting((type.count - 5)...), "+json") {
            return false
        }
        throw Problem(415, "bad_request", "Send application/json or application/x-ndjson.")
    }

    private static let lineTypes: [StaticString] = [
        "application/x-ndjson", "application/ndjson", "application/jsonl",
    ]
    private static let bodyTypes: [StaticString] = [
        "application/json", "text/plain", "text/json", "application/x-www-form-urlencoded",
        "application/octet-stream",
    ]
}
