/// A loop's mail from other threads, besides updates: orders, questions, and answers that its requests wait for.
internal import Access
package import Broker
internal import Primitives
internal import Synchronization
internal import Transport

/// The answer to a request that waits.
enum Answer: Sendable {
    case published(Result<PublishOutcome, PublishFailure>)
    case connections(ConnectionSurvey)
    case disconnected(Disconnection.Report)
    case reloaded(ReloadReport)
    case identified(BackendAnswer)
    case note(NoteOutcome)
}

/// Any thread posts, the loop takes. It holds no more than the loop's own requests wait for, and a question for each request
/// that asks all loops.
package final class Mailbox: Sendable {
    enum Message: Sendable {
        /// Say goodbye to everybody and end.
        case drain
        /// Tell of your connections.
        case survey(ConnectionSurvey)
        /// End the connections of somebody.
        case disconnect(Disconnection)
        case answer(Answer, ticket: UInt64)
        /// Use these for new connections, by the addresses' identity.
        case contexts([Int: TLSContext])
        /// Go by these settings, and where there is a change listen elsewhere.
        case configuration(GatewayConfiguration, ListeningChange?)
        /// Seal tickets with these.
        case ticketKeys(TicketKeys)
    }

    private let messages = Mutex<[Message]>([])
    /// A loop without mail pays one load a turn.
    private let hasMail = Atomic<Bool>(false)
    private let wake: @Sendable () -> Void

    /// `wake` ends the wait of the loop's kernel, or the next one.
    package init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        hasMail.store(true, ordering: .releasing)
        wake()
    }

    /// The messages since the last time, in order.
    func take() -> [Message] {
        guard hasMail.load(ordering: .acquiring) else { return [] }
        // Before the messages are taken: one that is posted after that sets it anew.
        hasMail.store(false, ordering: .relaxed)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

extension Mailbox: PublishReceiver {
    package func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64) {
        post(.answer(.published(result), ticket: ticket))
    }
}

extension Mailbox: NoteReceiver {
    package func received(_ outcome: NoteOutcome, for ticket: UInt64) {
        post(.answer(.note(outcome), ticket: ticket))
    }
}
