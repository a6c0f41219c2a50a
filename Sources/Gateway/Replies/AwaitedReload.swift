/// `POST /operations/reload`: waits until the settings are read anew, and tells what came of it.
internal import Broker
internal import HTTP
internal import Primitives

final class AwaitedReload: Reply {
    /// Reading takes milliseconds, but a name server that is asked for an address may take its time.
    private static let patience = Duration.seconds(30)

    private let ticket: UInt64
    private let until: Instant

    init(_ connection: Connection, _ work: Workspace) {
        ticket = work.tickets.issue(to: connection.key)
        until = work.now + Self.patience
        work.shared.reloads.ask(for: ticket, at: work.mailbox)
    }

    var isReading: Bool { false }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard case .reloaded(let report) = answer else { return .goesOn }
        switch report {
        case .refused(let reason): response.refuse(.badRequest(reason), connection, work)
        case .taken(let outcome): response.answerJSON(outcome.text, connection, work)
        }
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(
            Problem(503, "overloaded", "The settings are still being read; the log will tell."), connection,
            work)
        return .over
    }

    func ended(_ work: Workspace) {
        work.tickets.redeem(ticket)
    }
}

extension ReloadReport.Outcome {
    /// `{"changed":[…],"restart":[…],"unchanged":…}`
    fileprivate var text: ByteBuffer {
        var text = ByteBuffer()
        text.append("{\"changed\":[")
        text.append(jsonStrings: changed)
        text.append("],\"restart\":[")
        text.append(jsonStrings: restart)
        text.append("],\"unchanged\":")
        text.append(decimal: UInt64(unchangedCount))
        text.append("}\n")
        return text
    }
}

extension ByteBuffer {
    fileprivate mutating func append(jsonStrings texts: [String]) {
        for (place, text) in texts.enumerated() {
            if place > 0 { append(ASCII.comma) }
            append(jsonString: text)
        }
    }
}
