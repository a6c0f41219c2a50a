/// A request whose content is a short order: make a ticket, end somebody's connections, read the settings anew, drain.
internal import Access
internal import Broker
internal import HTTP
internal import Primitives

final class OrderIntake: Reply {
    enum Order {
        case ticket
        case disconnection
        case reload
        case drain

        init(_ resource: Resource?) {
            self =
                switch resource {
                case .disconnection: .disconnection
                case .reload: .reload
                case .drain: .drain
                default: .ticket
                }
        }
    }

    /// Room for the patterns of a ticket.
    private static let byteCountLimit = 65_536

    private let order: Order
    private var text = ByteBuffer()

    /// Begins to answer `POST /tickets`, and `POST` to what is below `/operations/`.
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
            if work.shared.isDraining { throw .draining(wait: work.reconnectDelay()) }
        case .drain: try work.demandOperating(by: connection.principal)
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
                let principal = try TicketRequest(text.unsafeBytes.span).principal(for: connection.principal)
                if work.sharesLog {
                    return .continues(in: AwaitedAnswer(leavingTicketFor: principal, connection, work))
                }
                try makeTicket(for: principal, &response, connection, work)
                return .over
            case .disconnection:
                let content = text.array
                let target = try Disconnection.Target(content.span)
                return .continues(
                    in: AwaitedAnswer(disconnecting: target, by: content, connection, work))
            case .reload:
                guard text.unsafeBytes.span.isBlank else {
                    throw Problem.badRequest("A reload takes no content: the settings stand in their file.")
                }
                return .continues(in: AwaitedAnswer(reloadingFor: connection, work))
            case .drain:
                guard text.unsafeBytes.span.isBlank else {
                    throw Problem.badRequest(
                        "A drain takes no content: \"drain\" in the settings says how it goes.")
                }
                drain(&response, connection, work)
                return .over
            }
        } catch {
            response.refuse(error, connection, work)
            return .over
        }
    }

    /// Who asks again on the same connection is told how far it is. That connection ends when all others have.
    private func drain(_ response: inout some Responder, _ connection: Connection, _ work: Workspace) {
        let desk = work.shared.drain
        desk.add(watcher: connection)
        desk.order(by: connection.peer)
        response.answerJSON(desk.progress(of: work.shared.openCount, at: work.now), connection, work)
    }

    private func makeTicket(
        for principal: Principal, _ response: inout some Responder, _ connection: Connection,
        _ work: Workspace
    ) throws(Problem) {
        guard let ticket = work.shared.accessTickets.issue(for: principal, at: work.now) else {
            throw Problem(503, "overloaded", "Too many tickets are under way; try again in a second.")
        }
        response.answerJSON(Self.answer(with: ticket, madeAt: work.time), connection, work)
    }

    fileprivate static func answer(with ticket: [UInt8], madeAt time: UnixTime) -> ByteBuffer {
        var body = ByteBuffer()
        body.append("{\"ticket\":")
        body.append(jsonString: ticket.span)
        body.append(",\"expires\":")
        body.append(decimal: time.milliseconds / 1000 + AccessTickets.life.nanoseconds / 1_000_000_000)
        body.append("}\n")
        return body
    }

    func ended(_: Workspace) {}
}

extension AwaitedAnswer {
    /// Waits until all nodes can find the ticket.
    fileprivate convenience init(
        leavingTicketFor principal: Principal, _ connection: Connection, _ work: Workspace
    ) {
        let (ticket, time) = (Nonce.make(), work.time)
        self.init(
            patience: Workspace.notePatience, late: Problem.ticketsAway.detail, connection, work
        ) {
            work.leave(ticket, of: principal, answering: $0)
        } tell: { answer in
            guard case .note(let outcome) = answer else { return nil }
            return outcome == .left
                ? .success(OrderIntake.answer(with: ticket, madeAt: time)) : .failure(.ticketsAway)
        }
    }

    /// Waits until all loops have ended what was to be ended, and the other nodes of the cluster have said what they did.
    fileprivate convenience init(
        disconnecting target: Disconnection.Target, by content: [UInt8], _ connection: Connection,
        _ work: Workspace
    ) {
        self.init(patience: .seconds(5), late: "The loops are too busy; ask again.", connection, work) {
            [mailbox = work.mailbox] ticket in
            let loops = work.shared.loops
            let order = Disconnection(
                target, loopCount: loops.count, sparing: (mailbox, connection.key),
                asksOthers: work.sharesLog
            ) {
                mailbox.post(.answer(.disconnected($0), ticket: ticket))
            }
            for loop in loops { loop.mailbox.post(.disconnect(order)) }
            if work.sharesLog { work.hand(order, content) }
        } tell: { answer in
            guard case .disconnected(let report) = answer else { return nil }
            return .success(report.json)
        }
    }

    /// Waits until the settings are read anew. That takes milliseconds, but a name server that is asked for an address may take
    /// its time.
    fileprivate convenience init(reloadingFor connection: Connection, _ work: Workspace) {
        self.init(
            patience: .seconds(30), late: "The settings are still being read; the log will tell.",
            connection, work
        ) {
            work.shared.reloads.ask(for: $0, at: work.mailbox)
        } tell: { answer in
            guard case .reloaded(let report) = answer else { return nil }
            return switch report {
            case .refused(let reason): .failure(.badRequest(reason))
            case .taken(let outcome): .success(outcome.text)
            }
        }
    }
}

extension Workspace {
    /// The others of a cluster are waited for so long: less than the loops are.
    private static let orderPatience = Duration.seconds(4)

    /// Has the other nodes do it as well. Where they can't be told, all of them are missing.
    fileprivate func hand(_ order: Disconnection, _ content: [UInt8]) {
        if shared.updates.order(content, until: now + Self.orderPatience, for: order) { return }
        let others = shared.updates.fleet.map { fleet in
            fleet.words.map(\.node.name).filter { $0 != fleet.own.name }
        }
        order.received(OrderTally(missing: others ?? []))
    }
}
