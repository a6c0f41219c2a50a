/// A request that waits until the backend has said who makes it.
internal import Access
internal import Broker
internal import HTTP
internal import Primitives

final class AwaitedPrincipal: Reply {
    private let head: RequestHead
    private let ticket: UInt64
    private let until: Instant
    let heldByteCount: Int

    /// Asks, and waits as long as the question has time.
    init(
        _ question: BackendQuestion, _ head: RequestHead, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        self.head = head
        until = question.deadline
        // The head has them too.
        heldByteCount = 2 * question.byteCount + MemoryLayout<RequestHead>.size
        ticket = work.tickets.issue(to: connection.key)
        do throws(Problem) {
            if work.shared.isDraining { throw .draining(wait: work.reconnectDelay()) }
            guard work.mayHold(heldByteCount) else { throw work.overloaded() }
            let isAsked = work.shared.backend.ask(question, for: ticket, at: work.mailbox, now: work.now)
            guard isAsked else { throw .tooManyAsk }
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
        guard case .identified(let answer) = answer else { return .goesOn }
        do throws(Problem) {
            connection.principal = try work.identify(answer, connection)
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

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        answered(.identified(.failure("it is too slow")), to: ticket, &response, connection, work)
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
