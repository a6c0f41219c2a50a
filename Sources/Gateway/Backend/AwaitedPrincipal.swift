/// A request that waits until it is known who makes it.
internal import Broker
internal import HTTP
internal import Primitives

final class AwaitedPrincipal: Reply {
    private let head: RequestHead
    private let question: PrincipalQuestion
    private let ticket: UInt64
    let heldByteCount: Int

    /// Asks, and waits as long as the question has time.
    init(
        _ question: PrincipalQuestion, _ head: RequestHead, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        self.head = head
        self.question = question
        // The head has them too.
        heldByteCount = 2 * question.byteCount + MemoryLayout<RequestHead>.size
        ticket = work.tickets.issue(to: connection.key)
        do throws(Problem) {
            if work.shared.isDraining { throw .draining(wait: work.reconnectDelay()) }
            guard work.mayHold(heldByteCount) else { throw work.overloaded() }
            guard work.ask(question, answering: ticket) else { throw .tooManyAsk }
        } catch {
            work.tickets.redeem(ticket)
            throw error
        }
    }

    var isReading: Bool { false }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        do throws(Problem) {
            switch answer {
            case .identified(let answer): connection.principal = try work.principal(in: answer, connection)
            case .note(let outcome): connection.principal = try work.principal(in: outcome, connection)
            default: return .goesOn
            }
            return .admitted(head)
        } catch {
            return refuse(error, &response, connection, work)
        }
    }

    private func refuse(
        _ problem: Problem, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        // The bytes behind the head may be a body, for which nobody is there.
        if head.bodyFraming.hasBody { response.abandonRequest(connection, .refused) }
        if problem.status == 503, Resource(head.path) == .eventStream {
            // A browser comes back to that one alone.
            EventStream.sendAway(because: problem, &response, connection, work)
        } else {
            response.refuse(problem, connection, work)
        }
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { question.deadline }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        answered(question.silence, to: ticket, &response, connection, work)
    }

    func sayGoodbye(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        refuse(.draining(wait: work.reconnectDelay()), &response, connection, work)
    }

    func ended(_ work: Workspace) {
        work.tickets.redeem(ticket)
    }
}

extension Problem {
    fileprivate static let tooManyAsk = Problem(
        503, "overloaded", "Too many wait to be told who they are; try again in a second.")
}
