/// The party that a connection acts for, and its rights.
package import Primitives

/// Immutable; connections of one principal share it.
package final class Principal: Sendable {
    /// By what it has shown who it is.
    package enum Proof: Sendable {
        /// By nothing.
        case none
        case key
        case token
        case ticket
    }

    /// Its name; `{subject}` in rights stands for it.
    package let name: String
    package let rights: Rights
    package let proof: Proof
    /// The key that it came with, or that its ticket was made with.
    package let key: String?
    /// What of the settings it rests on: its key's hash, or its issuer's demands and signing key; nil: nothing that could go.
    let basis: Digest?
    /// Whether it is a ticket's whom its maker has given what the maker may grant, not what it may do itself.
    let isGranted: Bool
    /// The moment when its proof ends by the wall clock, as it is told; nil: never.
    package let expires: UnixTime?
    /// From then on it may nothing; when its connections are warned of that; and when they are told that it is so, and end.
    package let end: Instant
    package let warning: Instant
    package let farewell: Instant
    /// Whether the settings do not know it any more.
    package let isWithdrawn: Bool

    /// One whose proof lasts for ever.
    package init(
        name: String, rights: Rights, proof: Proof, key: String? = nil, restingOn basis: Digest? = nil
    ) {
        self.name = name
        self.rights = rights
        self.proof = proof
        self.key = key
        self.basis = basis
        isGranted = false
        expires = nil
        end = .never
        warning = .never
        farewell = .never
        isWithdrawn = false
    }

    /// One whose proof ends so long after `now`. It is told a minute before, or a tenth of that time if that is shorter.
    init(
        name: String, rights: Rights, expires: UnixTime, after life: Interval, now: Instant,
        restingOn basis: Digest?
    ) {
        self.name = name
        self.rights = rights
        proof = .token
        key = nil
        self.basis = basis
        isGranted = false
        self.expires = expires
        end = now + life
        farewell = end
        isWithdrawn = false
        let notice = min(life.nanoseconds / 10, Interval(.seconds(60)).nanoseconds)
        warning = now + Interval(nanoseconds: life.nanoseconds - notice)
    }

    /// The one that a ticket of `maker` stands for; it ends when its maker does.
    package init(name: String, rights: Rights, ticketOf maker: Principal, isGranted: Bool = false) {
        self.name = name
        self.rights = rights
        proof = .ticket
        key = maker.key
        basis = maker.basis
        self.isGranted = isGranted
        expires = maker.expires
        end = maker.end
        warning = maker.warning
        farewell = maker.farewell
        isWithdrawn = maker.isWithdrawn
    }

    /// The same with other rights.
    init(_ former: Principal, with rights: Rights) {
        name = former.name
        self.rights = rights
        proof = former.proof
        key = former.key
        basis = former.basis
        isGranted = former.isGranted
        expires = former.expires
        end = former.end
        warning = former.warning
        farewell = former.farewell
        isWithdrawn = former.isWithdrawn
    }

    /// One that may nothing from `now` on, and whose connections are told so at `farewell`.
    package init(withdrawn former: Principal, at now: Instant, farewell: Instant) {
        name = former.name
        rights = Rights()
        proof = former.proof
        key = former.key
        basis = nil
        isGranted = former.isGranted
        expires = former.expires
        end = now
        warning = farewell
        self.farewell = farewell
        isWithdrawn = true
    }

    /// Nobody in particular.
    package static func anonymous(_ rights: Rights) -> Principal {
        Principal(name: "anonymous", rights: rights, proof: .none)
    }

    package var isAnonymous: Bool { proof == .none }
}
