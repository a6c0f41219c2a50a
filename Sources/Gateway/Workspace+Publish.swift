/// The way of front ends' updates into the update log.
internal import Broker
internal import Primitives

/// The fate of a batch.
enum Published {
    case done(PublishOutcome)
    /// The outcome comes later, as an answer to the ticket.
    case pending(ticket: UInt64)
}

extension Workspace {
    /// Publishes a large batch in turns of others, but whole or not at all; its principal's rights were asked for. The outcome
    /// comes later, as an answer to the ticket.
    func publish(large batch: consuming UpdateBatch, from connection: Connection) throws(Problem) -> UInt64 {
        try batch.checkConditions()
        try admit(batch.count, from: connection)
        do {
            guard shared.isSequencerTheLog else { return try publishElsewhere(large: batch, for: connection) }
            let (reserved, known) = try reserve(for: batch)
            let ticket = tickets.issue(to: connection.key)
            if let known {
                mailbox.received(.success(known), for: ticket)
                return ticket
            }
            let publication = LargePublication(batch, reserved: reserved, ticket: ticket, time: time)
            memory.publicationByteCount += publication.byteCount
            publications.append(publication)
            return ticket
        } catch {
            throw Problem(error)
        }
    }

    /// Sets room aside for a batch that is published in parts, or finds the outcome of one that came before.
    private func reserve(
        for batch: borrowing UpdateBatch
    ) throws(PublishFailure) -> (reserved: Int, known: PublishOutcome?) {
        let reserved = try shared.sequencer.reserve(for: batch)
        do throws(PublishFailure) {
            let known = try shared.sequencer.admit(batch, time: time, at: now)
            if known != nil { shared.sequencer.release(reserved) }
            return (reserved, known)
        } catch {
            shared.sequencer.release(reserved)
            throw error
        }
    }

    /// A log that is elsewhere takes a large batch like any other: it is numbered there.
    private func publishElsewhere(
        large batch: borrowing UpdateBatch, for connection: Connection
    ) throws(PublishFailure) -> UInt64 {
        let ticket = tickets.issue(to: connection.key)
        do throws(PublishFailure) {
            let publication = try shared.updates.publish(
                batch, time: time, at: now, for: PublishTicket(number: ticket, receiver: mailbox))
            if case .done(let outcome) = publication {
                mailbox.received(.success(outcome), for: ticket)
            }
            return ticket
        } catch {
            tickets.redeem(ticket)
            throw error
        }
    }

    /// Publishes the batch in `publishing`, whole, and empties it. An outcome that comes later goes to the connection.
    func publish(from connection: Connection) throws(Problem) -> Published {
        defer { publishing.removeAll() }
        try demandOpen(.publish, connection)
        guard !publishing.isEmpty else {
            return .done(PublishOutcome(accepted: 0, lastVersion: nil, time: time))
        }
        try publishing.checkConditions()
        try demandPublishing(publishing, by: connection.principal)
        try admit(publishing.count, from: connection)
        do {
            // The sequencer's outcome is known at once: nobody waits for it under a number.
            let publication =
                shared.isSequencerTheLog
                ? .done(try shared.sequencer.publish(publishing, time: time, at: now))
                : try publishElsewhere(for: connection)
            if case .done(let outcome) = publication { statistics.add(.published, outcome.accepted) }
            return publication
        } catch {
            throw Problem(error)
        }
    }

    private func publishElsewhere(for connection: Connection) throws(PublishFailure) -> Published {
        // Before the log hears of it: its answer may come from another thread at once.
        let ticket = tickets.issue(to: connection.key)
        do throws(PublishFailure) {
            let publication = try shared.updates.publish(
                publishing, time: time, at: now, for: PublishTicket(number: ticket, receiver: mailbox))
            guard case .done(let outcome) = publication else { return .pending(ticket: ticket) }
            tickets.redeem(ticket)
            return .done(outcome)
        } catch {
            tickets.redeem(ticket)
            throw error
        }
    }
}
