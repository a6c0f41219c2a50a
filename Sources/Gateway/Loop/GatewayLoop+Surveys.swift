/// A loop's part in `GET /connections`: asking all loops, and answering for its own connections.
internal import Broker
internal import Primitives
internal import Synchronization
internal import Transport

extension GatewayLoop {
    /// Answers what other loops, or this one, asked since the last turn.
    func answerSurveys() {
        for survey in control.takeSurveys() {
            let ranked = connections.compactMap { connection in
                connection.map { (connection: $0, slowness: slowness(of: $0)) }
            }.sorted { $0.slowness > $1.slowness }
            survey.report(
                ranked.prefix(survey.limit).map { ($0.slowness, row(of: $0.connection)) }, of: ranked.count)
        }
    }

    /// Asks all loops; the front end of `connection` is flushed when they have answered.
    func survey(limit: Int, for connection: Connection) -> ConnectionSurvey {
        let survey = ConnectionSurvey(limit: limit, loopCount: shared.loops.count, asker: control)
        askers.append(connection.token)
        for loop in shared.loops { loop.ask(survey) }
        return survey
    }

    /// Looks after those who wait for a survey; who still waits is looked at again after the next wake.
    func flushAskers() {
        let tokens = askers
        askers.removeAll()
        for token in tokens {
            guard let connection = connections[Int(token)], connection.isOpen,
                let http = connection.frontEnd as? HTTPFrontEnd, http.isSurveying
            else { continue }
            flush(connection)
            if http.isSurveying { askers.append(token) }
        }
    }

    private func slowness(of connection: Connection) -> ConnectionSurvey.Slowness {
        ConnectionSurvey.Slowness(
            stalledNanoseconds: stall(of: connection).nanoseconds,
            conflated: connection.frontEnd.subscriber.map { replica.conflated(of: $0) } ?? 0)
    }

    private func row(of connection: Connection) -> ConnectionSurvey.Row {
        let frontEnd = connection.frontEnd
        let subscriber = frontEnd.subscriber
        return ConnectionSurvey.Row(
            address: connection.stream.peer, transport: frontEnd.transport,
            age: now.since(connection.accepted).inSeconds,
            topics: subscriber.map { replica.coveredCount(of: $0) } ?? 0,
            maximumRate: frontEnd.maximumRate,
            delivered: subscriber.map { replica.delivered(to: $0) } ?? 0,
            conflated: subscriber.map { replica.conflated(of: $0) } ?? 0,
            marked: subscriber.map { replica.markCount(of: $0) } ?? 0,
            pendingByteCount: connection.unsentByteCount + connection.stream.unsentByteCount,
            stalled: stall(of: connection).inSeconds)
    }
}
