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
    /// The moment when its proof ends by the wall clock, as it is told; nil: never.
    package let expires: UnixTime?
    /// When its connections end, and when they are told of that.
    package let end: Instant
    package let warning: Instant

    /// One whose proof lasts for ever.
    package init(name: String, rights: Rights, proof: Proof, key: String? = nil) {
        self.name = name
        self.rights = rights
        self.proof = proof
        self.key = key
        expires = nil
        end = .never
        warning = .never
    }

    /// One whose proof ends so long after `now`. It is told a minute before, or a tenth of that time if that is shorter.
    init(name: String, rights: Rights, expires: UnixTime, after life: Interval, now: Instant) {
        self.name = name
        self.rights = rights
        proof = .token
        key = nil
        self.expires = expires
        end = now + life
        let notice = min(life.nanoseconds / 10, Interval(.seconds(60)).nanoseconds)
        warning = now + Interval(nanoseconds: life.nanoseconds - notice)
    }

    /// The one that a ticket of `maker` stands for; it ends when its maker does.
    package init(name: String, rights: Rights, ticketOf maker: Principal) {
        self.name = name
        self.rights = rights
        proof = .ticket
        key = maker.key
        expires = maker.expires
        end = maker.end
        warning = maker.warning
    }

    /// Nobody in particular.
    package static func anonymous(_ rights: Rights) -> Principal {
        Principal(name: "anonymous", rights: rights, proof: .none)
    }

    package var isAnonymous: Bool { proof == .none }
}
