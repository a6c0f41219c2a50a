/// Who a principal is under other settings than those that it came in under, or that it is nobody any more.
package import Primitives

/// Immutable. Nobody keeps what a connection has shown; what that rested on tells whether it would be believed again.
package struct Succession: Sendable {
    private let anonymous: Principal
    private let keys: [Digest: AccessKey]
    /// By what their principals rest on.
    private let certificates: [Digest: AccessCertificate]
    /// Of the issuers' keys, by what their principals rest on: when they are no longer used.
    private let signers: [Digest: UnixTime]
    /// What those rest on whom the backend has named; nil: there is none.
    private let backend: Digest?

    package init(to credentials: Credentials, backend: Digest? = nil) {
        anonymous = credentials.anonymous
        self.backend = backend
        keys = Dictionary(credentials.keys.map { ($0.hash, $0) }) { first, _ in first }
        certificates = Dictionary(
            credentials.certificates.compactMap { entry in entry.principal.basis.map { ($0, entry) } }
        ) { first, _ in first }
        var signers: [Digest: UnixTime] = [:]
        for issuer in credentials.issuers {
            for key in issuer.keys {
                let basis = issuer.basis(of: key)
                signers[basis] = max(key.end ?? .never, signers[basis] ?? UnixTime(milliseconds: 0))
            }
        }
        self.signers = signers
    }

    /// The one in the place of `former`, which is connected from that address; nil where nothing is left to it.
    package func successor(
        of former: Principal, from address: () -> [UInt8]?, at time: UnixTime, _ now: Instant
    ) -> Principal? {
        if former.isAnonymous { return anonymous }
        guard let basis = former.basis else { return nil }
        if let key = keys[basis] {
            guard key.isAccepted(from: address) else { return nil }
            return former.proof == .ticket ? narrowed(former, to: key.principal) : key.principal
        }
        if let entry = certificates[basis], let end = former.expires {
            guard time < end else { return nil }
            return former.proof == .ticket
                ? narrowed(former, to: entry.principal) : entry.principal(until: end, at: time, now)
        }
        // It is asked anew when its word is over.
        if basis == backend { return former }
        guard let end = signers[basis], time < end else { return nil }
        guard let expires = former.expires, end < expires else { return former }
        // No token outlives its key.
        let shortened = Principal(
            name: former.name, rights: former.rights, proof: .token, expires: end, at: time, now,
            restingOn: basis)
        return former.proof == .ticket
            ? Principal(name: former.name, rights: former.rights, ticketOf: shortened) : shortened
    }

    /// A ticket allows no more than its maker may hand on.
    private func narrowed(_ ticket: Principal, to maker: Principal) -> Principal? {
        var rights = ticket.rights
        let limit = maker.rights
        rights.subscribe = rights.subscribe.narrowed(to: ticket.isGranted ? limit.grant : limit.subscribe)
        rights.publish = rights.publish.narrowed(to: ticket.isGranted ? limit.grant : limit.publish)
        rights.stayWithin(limitsOf: limit)
        return rights.isNothing ? nil : Principal(ticket, with: rights)
    }
}

extension UnixTime {
    fileprivate static let never = UnixTime(milliseconds: .max)
}
