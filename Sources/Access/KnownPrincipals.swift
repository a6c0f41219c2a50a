/// Who was found lately to have shown what: who comes back with the same need not be looked at again.
package import Primitives

/// It keeps hashes of what was shown, a token for instance, and no more.
package struct KnownPrincipals {
    package let limit: Int
    private var entries: [Digest: (principal: Principal, end: Instant)] = [:]
    /// In the order in which they came: the oldest goes when there is no more room.
    private var order = Queue<Digest>()

    package init(limit: Int) {
        self.limit = limit
    }

    package var count: Int { entries.count }

    /// Who has shown what has that hash; nil where that is not known, or not any more.
    package func principal(of digest: Digest, at now: Instant) -> Principal? {
        guard let entry = entries[digest], now < entry.end else { return nil }
        return entry.principal
    }

    /// Remembers it until `end`, and no longer than the principal lasts.
    package mutating func remember(_ principal: Principal, of digest: Digest, until end: Instant = .never) {
        let entry = (principal, min(principal.end, end))
        guard entries.updateValue(entry, forKey: digest) == nil else { return }
        order.append(digest)
        if entries.count > limit, let oldest = order.popFirst() { entries[oldest] = nil }
    }
}
