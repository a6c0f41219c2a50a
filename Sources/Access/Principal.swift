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
        /// By what a service that knows the users says.
        case backend
        case ticket
        case certificate
    }

    /// Its name; `{subject}` in rights stands for it.
    package let name: String
    package let rights: Rights
    package let proof: Proof
    /// The key that it came with, or that its ticket was made with.
    package let key: String?
    /// What of the settings it rests on: its key's hash, its issuer's demands and signing key, the backend; nil: nothing that could go.
    let basis: Digest?
    /// Whether it is a ticket's whom its maker has given what the maker may grant, not what it may do itself.
    let isGranted: Bool
    let term: Term

    /// How long it lasts.
    struct Term: Sendable {
        /// When its proof ends by the wall clock, as it is told; nil: never.
        var expires: UnixTime?
        /// From then on it may nothing; when its connections are warned of that; and when they are told that it is so, and end.
        var end = Instant.never
        var warning = Instant.never
        var farewell = Instant.never
        /// Whether the settings do not know it any more.
        var isWithdrawn = false
    }

    package var expires: UnixTime? { term.expires }
    package var end: Instant { term.end }
    package var warning: Instant { term.warning }
    package var farewell: Instant { term.farewell }
    package var isWithdrawn: Bool { term.isWithdrawn }

    init(
        _ name: String, _ rights: Rights, _ proof: Proof, key: String?, restingOn basis: Digest?,
        isGranted: Bool = false, _ term: Term
    ) {
        self.name = name
        self.rights = rights
        self.proof = proof
        self.key = key
        self.basis = basis
        self.isGranted = isGranted
        self.term = term
    }

    /// One whose proof lasts for ever.
    package convenience init(
        name: String, rights: Rights, proof: Proof, key: String? = nil, restingOn basis: Digest? = nil
    ) {
        self.init(name, rights, proof, key: key, restingOn: basis, Term())
    }

    /// One whose proof ends so long after `now`. It is told a minute before, or a tenth of that time if that is shorter.
    convenience init(
        name: String, rights: Rights, proof: Proof, expires: UnixTime, after life: Interval,
        now: Instant, restingOn basis: Digest?
    ) {
        self.init(
            name, rights, proof, key: nil, restingOn: basis, Term(expires: expires, after: life, now: now))
    }

    /// One whose proof ends when it says so.
    convenience init(
        name: String, rights: Rights, proof: Proof, expires: UnixTime, at time: UnixTime, _ now: Instant,
        restingOn basis: Digest?
    ) {
        self.init(
            name: name, rights: rights, proof: proof, expires: expires,
            after: Interval(milliseconds: expires.milliseconds - time.milliseconds), now: now,
            restingOn: basis)
    }

    /// The one that a ticket of `maker` stands for; it ends when its maker does.
    package convenience init(
        name: String, rights: Rights, ticketOf maker: Principal, isGranted: Bool = false
    ) {
        self.init(
            name, rights, .ticket, key: maker.key, restingOn: maker.basis, isGranted: isGranted, maker.term)
    }

    /// The same with other rights.
    convenience init(_ former: Principal, with rights: Rights) {
        self.init(
            former.name, rights, former.proof, key: former.key, restingOn: former.basis,
            isGranted: former.isGranted, former.term)
    }

    /// One that may nothing from `now` on, and whose connections are told so at `farewell`.
    package convenience init(withdrawn former: Principal, at now: Instant, farewell: Instant) {
        self.init(
            former.name, Rights(), former.proof, key: former.key, restingOn: nil,
            isGranted: former.isGranted,
            Term(expires: former.expires, end: now, warning: farewell, farewell: farewell, isWithdrawn: true))
    }

    /// Nobody in particular.
    package static func anonymous(_ rights: Rights) -> Principal {
        Principal(name: "anonymous", rights: rights, proof: .none)
    }

    package var isAnonymous: Bool { proof == .none }
}

extension Principal.Term {
    /// It ends so long after `now`, and is told before.
    init(expires: UnixTime, after life: Interval, now: Instant) {
        let notice = min(life.nanoseconds / 10, Interval(.seconds(60)).nanoseconds)
        self.expires = expires
        end = now + life
        warning = now + Interval(nanoseconds: life.nanoseconds - notice)
        farewell = end
    }
}
