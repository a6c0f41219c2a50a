/// What other threads, and this loop's own requests, have handed it.
internal import Broker
internal import Primitives
internal import Transport

extension GatewayLoop {
    func handleMail() {
        for message in control.mailbox.take() {
            switch message {
            case .drain: beginDrain()
            case .survey(let survey): report(to: survey)
            case .answer(let answer, let ticket): deliver(answer, to: ticket)
            }
        }
    }

    /// Hands an answer to the request that waits for it, if its peer does.
    private func deliver(_ answer: Answer, to ticket: UInt64) {
        guard let key = work.tickets.redeem(ticket), let connection = connection(of: key),
            connection.phase == .serving, connection.endReason == nil
        else { return }
        connection.frontEnd.answered(answer, to: ticket, connection, work)
        settle(connection)
    }

    // MARK: Connections

    /// Tells of this loop's connections, the slowest first.
    private func report(to survey: ConnectionSurvey) {
        let ranked = connections.compactMap { connection in
            connection.map { (connection: $0, slowness: slowness(of: $0)) }
        }.sorted { $0.slowness > $1.slowness }
        survey.report(
            ranked.prefix(survey.limit).map { ($0.slowness, row(of: $0.connection)) }, of: ranked.count)
    }

    private func slowness(of connection: Connection) -> ConnectionSurvey.Slowness {
        ConnectionSurvey.Slowness(
            stalledNanoseconds: stall(of: connection).nanoseconds,
            conflated: connection.subscriber.map { replica.conflated(of: $0) } ?? 0)
    }

    private func row(of connection: Connection) -> ConnectionSurvey.Row {
        let subscriber = connection.subscriber
        return ConnectionSurvey.Row(
            address: connection.peer, transport: connection.transport,
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
