/// Tickets: what a browser, which can set no field of its own, shows in a URL. Good once, for a short time.
internal import Access
internal import Primitives
internal import Synchronization

/// Any thread. A ticket is redeemed once in all, whichever loop its bearer comes to. One that comes to nobody is forgotten with time.
final class AccessTickets: Sendable {
    /// How long a ticket is good: to open a connection with it.
    static let life = Duration.seconds(30)
    /// So many may be under way.
    private static let limit = 100_000
    private static let forgottenCount = 16
    /// So many bytes of those that other nodes find too: their server has room for more than tickets.
    private static let sharedByteLimit = 64 << 20

    private struct State {
        var principals: [Digest: (principal: Principal, end: Instant)] = [:]
        /// In the order of their ends; some are spent.
        var order = Queue<(digest: Digest, end: Instant)>()
        /// Those that were left for other nodes too, spent or not.
        var shared = Queue<(byteCount: Int, end: Instant)>()
        var sharedByteCount = 0
    }

    private let state = Mutex(State())

    /// A new ticket for the principal; nil where there are too many under way.
    func issue(for principal: Principal, at now: Instant) -> [UInt8]? {
        let ticket = Nonce.make()
        let digest = Digest(of: ticket.span)
        let end = now + Self.life
        return state.withLock { state in
            // Of each that is made a few are forgotten: so they become no more, and no maker waits for a hundred thousand.
            for _ in 0..<Self.forgottenCount {
                guard let oldest = state.order.first,
                    oldest.end <= now || state.principals[oldest.digest] == nil
                else { break }
                _ = state.order.popFirst()
                state.principals[oldest.digest] = nil
            }
            guard state.order.count < Self.limit else { return nil }
            state.principals[digest] = (principal, end)
            state.order.append((digest, end))
            return ticket
        }
    }

    /// Spends a ticket; nil where it is none, is spent, or is over, or its principal is.
    func redeem(_ ticket: [UInt8], at now: Instant) -> Principal? {
        let digest = Digest(of: ticket.span)
        let found = state.withLock { $0.principals.removeValue(forKey: digest) }
        guard let found, now < found.end, now < found.principal.end else { return nil }
        return found.principal
    }

    /// Whether a ticket of so many bytes may be left where all nodes find it.
    func admit(sharedByteCount byteCount: Int, at now: Instant) -> Bool {
        state.withLock { state in
            for _ in 0..<Self.forgottenCount {
                guard let oldest = state.shared.first, oldest.end <= now else { break }
                _ = state.shared.popFirst()
                state.sharedByteCount -= oldest.byteCount
            }
            guard state.shared.count < Self.limit,
                state.sharedByteCount + byteCount <= Self.sharedByteLimit
            else { return false }
            state.shared.append((byteCount, now + Self.life))
            state.sharedByteCount += byteCount
            return true
        }
    }
}
