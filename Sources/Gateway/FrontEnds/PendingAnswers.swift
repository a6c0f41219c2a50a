/// Publishes of one WebSocket whose answers are not given yet, in the order in which they came.
internal import Broker
internal import Primitives

struct PendingAnswers {
    /// So many may be on their way: the next ones are read when one of them is decided.
    static let limit = 64

    private enum State {
        case waiting(ticket: UInt64, since: Instant)
        /// Decided, behind one that is not.
        case settled(Result<PublishOutcome, Problem>)
    }

    private var entries: [(id: [UInt8]?, state: State)] = []

    var isEmpty: Bool { entries.isEmpty }
    /// A result may carry a problem and its words.
    var heldByteCount: Int { entries.count * 256 }
    var isFull: Bool { entries.count >= Self.limit }

    mutating func append(id: [UInt8]?, ticket: UInt64, at now: Instant) {
        entries.append((id, .waiting(ticket: ticket, since: now)))
    }

    mutating func append(id: [UInt8]?, _ result: Result<PublishOutcome, Problem>) {
        entries.append((id, .settled(result)))
    }

    mutating func settle(_ ticket: UInt64, _ result: Result<PublishOutcome, Problem>) {
        for place in entries.indices {
            guard case .waiting(ticket, _) = entries[place].state else { continue }
            entries[place].state = .settled(result)
            return
        }
    }

    /// The next answer to give; nil while the oldest is not decided.
    mutating func takeSettled() -> (id: [UInt8]?, result: Result<PublishOutcome, Problem>)? {
        guard let first = entries.first, case .settled(let result) = first.state else { return nil }
        entries.removeFirst()
        return (first.id, result)
    }

    /// When the oldest has waited for so long.
    func deadline(after timeout: Duration) -> Instant {
        guard case .waiting(_, let since)? = entries.first?.state else { return .never }
        return since + timeout
    }

    /// The oldest, where it has waited for so long.
    func overdue(at now: Instant, after timeout: Duration) -> UInt64? {
        for entry in entries {
            guard case .waiting(let ticket, let since) = entry.state else { continue }
            return now >= since + timeout ? ticket : nil
        }
        return nil
    }

    mutating func removeAll(_ forget: (UInt64) -> Void) {
        for entry in entries {
            if case .waiting(let ticket, _) = entry.state { forget(ticket) }
        }
        entries = []
    }
}
