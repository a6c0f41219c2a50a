/// Tickets that any node of a cluster redeems: their principals lie as notes where all nodes find them, under the tickets' hashes.
internal import Access
internal import Broker
internal import Primitives

extension Workspace {
    /// So long does a request wait for what the nodes know together.
    static let notePatience = Duration.seconds(2)

    func noteTicket(_ number: UInt64) -> NoteTicket { NoteTicket(number: number, receiver: mailbox) }

    /// Makes a new ticket the principal's, as soon as the answer to `number` says that its note was left.
    func leave(_ ticket: [UInt8], of principal: Principal, answering number: UInt64) {
        if let note = principal.note(at: time, now),
            shared.accessTickets.admit(sharedByteCount: note.count, at: now)
        {
            let milliseconds = Int(AccessTickets.life.nanoseconds / 1_000_000)
            let request = NoteRequest.leave(
                name: Self.name(of: ticket), content: note, milliseconds: milliseconds)
            if shared.updates.ask(request, until: now + Self.notePatience, for: noteTicket(number)) { return }
        }
        mailbox.received(.unavailable, for: number)
    }

    /// What is to be asked about a ticket that a request has shown.
    func question(about ticket: [UInt8], _ connection: Connection) throws(Problem) -> PrincipalQuestion {
        guard Nonce.isOne(ticket) else { throw refuse(.unknownTicket, connection) }
        try demandFewFailures(connection)
        return .ticket(name: Self.name(of: ticket), until: now + Self.notePatience)
    }

    /// The principal of the ticket whose note was taken.
    func principal(in outcome: NoteOutcome, _ connection: Connection) throws(Problem) -> Principal {
        switch outcome {
        case .taken(let note): try admit(Principal(ofTicket: note, at: time, now), connection)
        case .missing, .left: throw refuse(.unknownTicket, connection)
        case .unavailable: throw .ticketsAway
        }
    }

    /// The one in the place of a redeemed ticket's principal: the settings may have changed since it was made.
    func admit(_ redeemed: Principal?, _ connection: Connection) throws(Problem) -> Principal {
        guard let redeemed,
            let principal = succession.successor(of: redeemed, from: { connection.address }, at: time, now)
        else {
            throw refuse(.unknownTicket, connection)
        }
        return principal
    }

    /// Whoever reads the notes' names can't make a ticket of them.
    private static func name(of ticket: [UInt8]) -> String { Digest(of: ticket.span).hexadecimal }
}

extension Problem {
    static let ticketsAway = Problem(
        503, "overloaded",
        "What the nodes of the cluster know of tickets can't be reached at the moment, or too many ask; try again in a second."
    )
}
