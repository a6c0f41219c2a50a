/// A request whose content is a short order: make a ticket, end somebody's connections, read the settings anew.
internal import Access
internal import Broker
internal import HTTP
internal import Primitives

final class OrderIntake: Reply {
    enum Order {
        case ticket
        case disconnection
        case reload

        init(_ resource: Resource?) {
            self =
                switch resource {
                case .disconnection: .disconnection
                case .reload: .reload
                default: .ticket
                }
        }
    }

    /// Room for the patterns of a ticket.
    private static let byteCountLimit = 65_536

    private let order: Order
    private var text = ByteBuffer()

    /// Begins to answer `POST /tickets`, `POST /operations/disconnect` and `POST /operations/reload`.
    static func open(
        _ head: RequestHead, _ order: Order, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Routing {
        switch order {
        case .ticket:
            if connection.principal.isAnonymous {
                throw .unauthenticated("A ticket is for who has shown a key or a token.")
            }
        case .disconnection, .reload:
            try work.demandOperating(by: connection.principal)
            // A loop that has drained gives no answer.
            if work.shared.isDrainingNow { throw .draining(wait: work.reconnectDelay()) }
        }
        guard try !PublishIntake.isLines(head) else {
            throw Problem(415, "bad_request", "This is one JSON object; send application/json.")
        }
        return .body(OrderIntake(order), byteCountLimit: byteCountLimit)
    }

    private init(_ order: Order) {
        self.order = order
    }

    var isReading: Bool { true }
    var heldByteCount: Int { text.capacity }

    func received(
        _ content: Span<UInt8>, isEnd: Bool, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard work.mayHold(text.count + content.count) else {
            response.abandonRequest(connection, .refused)
            response.refuse(work.overloaded(), connection, work)
            return .over
        }
        text.append(content)
        guard isEnd else { return .goesOn }
        do throws(Problem) {
            switch order {
            case .ticket:
                try makeTicket(&response, connection, work)
                return .over
            case .disconnection:
                let target = try Disconnection.Target(text.unsafeBytes.span)
                return .continues(in: AwaitedDisconnection(of: target, connection, work))
            case .reload:
                guard text.unsafeBytes.span.isBlank else {
                    throw Problem.badRequest("A reload takes no content: the settings stand in their file.")
                }
                return .continues(in: AwaitedReload(connection, work))
            }
        } catch {
            response.refuse(error, connection, work)
            return .over
        }
    }

    private func makeTicket(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) {
        let principal = try TicketRequest(text.unsafeBytes.span).principal(for: connection.principal)
        guard let ticket = work.shared.accessTickets.issue(for: principal, at: work.now) else {
            throw Problem(503, "overloaded", "Too many tickets are under way; try again in a second.")
        }
        var body = ByteBuffer()
        body.append("{\"ticket\":")
        body.append(jsonString: ticket.span)
        body.append(",\"expires\":")
        body.append(
            decimal: work.time.milliseconds / 1000 + AccessTickets.life.nanoseconds / 1_000_000_000)
        body.append("}\n")
        response.answerJSON(body, connection, work)
    }

    func deadline(_: Connection, _: Workspace) -> Instant { .never }

    func deadlineCame(_: inout some Responder, _: Connection, _: Workspace) -> ReplyProgress { .goesOn }

    func ended(_: Workspace) {}
}

/// A request that waits until all loops have ended what was to be ended.
private final class AwaitedDisconnection: Reply {
    /// How long the loops may take before the request is given up.
    private static let patience = Duration.seconds(5)

    private let ticket: UInt64
    private let until: Instant

    init(of target: Disconnection.Target, _ connection: Connection, _ work: Workspace) {
        ticket = work.tickets.issue(to: connection.key)
        until = work.now + Self.patience
        let loops = work.shared.loops
        let order = Disconnection(
            target, loopCount: loops.count, asker: work.mailbox, ticket: ticket, ownKey: connection.key)
        for loop in loops { loop.mailbox.post(.disconnect(order)) }
    }

    var isReading: Bool { false }

    func answered(
        _ answer: Answer, to _: UInt64, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) -> ReplyProgress {
        guard case .disconnected(let count) = answer else { return .goesOn }
        var body = ByteBuffer()
        body.append("{\"disconnected\":")
        body.append(decimal: UInt64(count))
        body.append("}\n")
        response.answerJSON(body, connection, work)
        return .over
    }

    func deadline(_: Connection, _: Workspace) -> Instant { until }

    func deadlineCame(
        _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) -> ReplyProgress {
        response.refuse(
            Problem(503, "overloaded", "The loops are too busy; ask again."), connection, work)
        return .over
    }

    func ended(_ work: Workspace) {
        work.tickets.redeem(ticket)
    }
}
