/// Who makes a request, when nobody here knows.
internal import Access
internal import Broker
internal import Primitives

enum PrincipalQuestion {
    case backend(BackendQuestion)
    /// The note that a ticket of that name has left, which whoever asks takes away.
    case ticket(name: String, until: Instant)

    /// The answer comes until then, or too late.
    var deadline: Instant {
        switch self {
        case .backend(let question): question.deadline
        case .ticket(_, let deadline): deadline
        }
    }

    var byteCount: Int {
        switch self {
        case .backend(let question): question.byteCount
        case .ticket(let name, _): name.utf8.count
        }
    }

    /// What is said in place of an answer that does not come.
    var silence: Answer {
        switch self {
        case .backend: .identified(.failure("it is too slow"))
        case .ticket: .note(.unavailable)
        }
    }
}

extension Workspace {
    /// Asks; false: too many do. The answer comes to `number`.
    func ask(_ question: PrincipalQuestion, answering number: UInt64) -> Bool {
        switch question {
        case .backend(let question): shared.backend.ask(question, for: number, at: mailbox, now: now)
        case .ticket(let name, let deadline):
            shared.updates.ask(.take(name: name), until: deadline, for: noteTicket(number))
        }
    }
}
