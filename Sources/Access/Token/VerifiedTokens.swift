/// The tokens that were verified lately: who comes back need not be verified again.
internal import Primitives

/// Belongs to one loop. It keeps hashes, no tokens.
package struct VerifiedTokens {
    package let limit: Int
    private var principals: [Digest: Principal] = [:]
    /// In the order in which they came: the oldest goes when there is no more room.
    private var order = Queue<Digest>()

    package init(limit: Int) {
        self.limit = limit
    }

    package var count: Int { principals.count }

    func principal(of digest: Digest, at now: Instant) -> Principal? {
        guard let principal = principals[digest], now < principal.end else { return nil }
        return principal
    }

    mutating func remember(_ principal: Principal, of digest: Digest) {
        guard principals.updateValue(principal, forKey: digest) == nil else { return }
        order.append(digest)
        if principals.count > limit, let oldest = order.popFirst() { principals[oldest] = nil }
    }
}
