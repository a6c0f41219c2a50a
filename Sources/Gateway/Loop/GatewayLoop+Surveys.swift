/// Answers to questions about all connections of the loop, some of them in each turn.
internal import Access
internal import Broker
internal import Primitives
internal import Transport

/// A question, and what has been found out so far.
struct SurveyUnderWay {
    let survey: ConnectionSurvey
    /// The next connection to look at.
    fileprivate var place = 0
    fileprivate var connectionCount = 0
    /// The slowest ones, of which the survey's limit counts, and some more.
    fileprivate var found: [(connection: Connection, slowness: ConnectionSurvey.Slowness)] = []

    init(_ survey: ConnectionSurvey) {
        self.survey = survey
    }

    fileprivate mutating func keepSlowest() {
        found.sort { $0.slowness > $1.slowness }
        if found.count > survey.limit { found.removeLast(found.count - survey.limit) }
    }
}

extension GatewayLoop {
    /// Connections that are looked at in a turn.
    private static let surveyStep = 512

    /// Goes on with the oldest question.
    func surveyConnections() {
        guard var asked = surveys.popFirst() else { return }
        let end = min(asked.place + Self.surveyStep, connections.count)
        for connection in connections[asked.place..<end] {
            guard let connection else { continue }
            asked.connectionCount += 1
            asked.found.append((connection, slowness(of: connection)))
        }
        asked.place = end
        if asked.found.count > asked.survey.limit + Self.surveyStep { asked.keepSlowest() }
        guard end == connections.count else { return surveys.append(asked) }
        asked.keepSlowest()
        let rows = asked.found.filter(\.connection.isOpen).map { ($0.slowness, row(of: $0.connection)) }
        asked.survey.report(rows, of: asked.connectionCount)
    }

    private func slowness(of connection: Connection) -> ConnectionSurvey.Slowness {
        ConnectionSurvey.Slowness(
            stalledNanoseconds: stall(of: connection).nanoseconds,
            conflated: connection.subscriber.map { replica.conflated(of: $0) } ?? 0)
    }

    private func row(of connection: Connection) -> ConnectionSurvey.Row {
        let subscriber = connection.subscriber
        return ConnectionSurvey.Row(
            address: connection.peer,
            subject: connection.principal.isAnonymous ? nil : connection.principal.name,
            transport: connection.transport,
            age: now.since(connection.accepted).inSeconds,
            topics: subscriber.map { replica.coveredCount(of: $0) } ?? 0,
            maximumRate: connection.maximumRate,
            delivered: subscriber.map { replica.delivered(to: $0) } ?? 0,
            conflated: subscriber.map { replica.conflated(of: $0) } ?? 0,
            marked: subscriber.map { replica.markCount(of: $0) } ?? 0,
            pendingByteCount: connection.unsentByteCount + connection.stream.unsentByteCount,
            stalled: stall(of: connection).inSeconds)
    }
}
