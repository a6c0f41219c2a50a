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

    /// When one that may nothing without must have shown a proof; `never`: it need not; `told`: it was told that its proof ends. One
    /// word, because every idle reader has it.
    private var mark = Instant.never

    private static let told = Instant(nanoseconds: 0)

    var isWaited: Bool { mark != .never && mark != Self.told }

    /// It has until then to show a proof.
    mutating func wait(until due: Instant) { mark = due }

    /// It has shown a proof.
    mutating func renew() { mark = .never }

    func deadline(of principal: Principal) -> Instant {
        if isWaited { return mark }
        return mark == Self.told ? principal.farewell : principal.warning
    }

    mutating func look(at now: Instant, _ principal: Principal) -> Event {
        if isWaited { return now >= mark ? .late : .none }
        if now >= principal.farewell { return .ended }
        guard mark != Self.told, now >= principal.warning else { return .none }
        mark = Self.told
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
