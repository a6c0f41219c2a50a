/// Where a reader stands with its proof: it has yet to show one, it is told that it ends, it ends.
internal import Access
internal import Primitives

struct Standing {
    enum Event {
        case none
        /// It has shown nothing in time.
        case late
        /// Its proof ends soon, of which it is told once.
        case ending
        case ended
    }

    /// When one that may nothing without must have shown a proof; `never`: it need not.
    private var due = Instant.never
    private var isTold = false

    var isWaited: Bool { due != .never }

    /// It has until then to show a proof.
    mutating func wait(until due: Instant) { self.due = due }

    /// It has shown a proof.
    mutating func renew() { self = Standing() }

    func deadline(of principal: Principal) -> Instant {
        min(due, isTold ? principal.end : principal.warning)
    }

    mutating func look(at now: Instant, _ principal: Principal) -> Event {
        if now >= due { return .late }
        if now >= principal.end { return .ended }
        guard !isTold, now >= principal.warning else { return .none }
        isTold = true
        return .ending
    }
}

extension ByteBuffer {
    /// `"expires":…`, in seconds since 1970.
    mutating func append(expiresMemberOf principal: Principal) {
        append("\"expires\":")
        append(decimal: (principal.expires?.milliseconds ?? 0) / 1000)
    }
}
