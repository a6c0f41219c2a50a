/// The answer to a poll, ready but for the ticket with which its poller goes on.
internal import Access
internal import Broker
internal import Primitives

final class HeldAnswer {
    struct Fields {
        let tag: [UInt8]
        /// Seconds; nil: the poller need not wait.
        let pause: Int?

        func add(to fields: any ResponseFields) {
            fields.add("ETag", tag)
            fields.add("Cache-Control", "no-store")
            if let pause { fields.add("Retry-After", "\(pause)") }
        }
    }

    private let fields: Fields
    /// JSON, without its last brace.
    private let body: [UInt8]
    private let ticket = Nonce.make()
    private let number: UInt64
    /// So long it waits.
    let until: Instant

    /// Leaves its ticket where all nodes find it: the answer that this has happened comes to the connection.
    init(_ fields: Fields, body: [UInt8], _ connection: Connection, _ work: Workspace) {
        self.fields = fields
        self.body = body
        until = work.now + Workspace.notePatience
        number = work.tickets.issue(to: connection.key)
        work.leave(ticket, of: connection.principal, answering: number)
    }

    var byteCount: Int { body.count }

    func forget(_ work: Workspace) { work.tickets.redeem(number) }

    /// Without the ticket where that was not left: its poller gets one where it got the first.
    func send(
        isLeft: Bool, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) {
        var whole = ByteBuffer(capacity: body.count + 64)
        whole.append(body)
        if isLeft { whole.append(nextTicket: ticket) }
        whole.append("}\n")
        response.answer(200, "application/json", whole.bytes, connection, work, fields: fields.add(to:))
    }
}

extension ByteBuffer {
    mutating func append(nextTicket ticket: [UInt8]) {
        append(",\"ticket\":")
        append(jsonString: ticket.span)
    }
}
