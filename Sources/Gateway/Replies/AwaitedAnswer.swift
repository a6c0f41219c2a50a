/// A request that waits for an answer from elsewhere: from all loops, from a thread.
internal import Broker
internal import HTTP
internal import Primitives

final class AwaitedAnswer: Reply {
    /// What is said when the answer has come; nil: it is the answer to something else.
    typealias Telling = (Answer) -> Result<ByteBuffer, Problem>?

    private let ticket: UInt64
    private let until: Instant
    private let late: String
    private let endsWithDrain: Bool
    private let tell: Telling

    /// Asks by `ask`, which is given the number to answer under, and waits as long as `patience` lasts; then the client is told
    /// what `late` says. `endsWithDrain`: nobody answers once the gateway drains.
    init(
        patience: Duration, late: String, endsWithDrain: Bool = false, _ connection: Connection,
        _ work: Workspace, ask: (_ ticket: UInt64) -> Void, tell: @escaping Telling
    ) {
        ticket = work.tickets.issue(to: connection.key)
        until = work.now + patience
        self.late = late
        self.endsWithDrain = endsWithDrain
        self.tell = tell
        ask(ticket)
    }

    var isReading: Bool { false }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        switch tell(answer) {
        case nil: return .goesOn
        case .success(let body): response.answerJSON(body, connection, work)
        case .failure(let problem): response.refuse(problem, connection, work)
        }
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(Problem(503, "overloaded", late), connection, work)
        return .over
    }

    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        guard endsWithDrain else { return .goesOn }
        response.refuse(.draining(wait: work.reconnectDelay()), connection, work)
        return .over
    }

    func ended(_ work: Workspace) {
        work.tickets.redeem(ticket)
    }
}
