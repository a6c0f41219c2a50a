/// A party whose tokens are believed: its name, its algorithms, its keys. Nothing of one issuer counts for another.
internal import Primitives

/// Immutable.
package struct Issuer: Sendable {
    /// What `iss` must say; nil: one that is not asked for its name.
    package var name: String?
    /// One of these must stand in `aud`; empty: it is not asked for.
    package var audiences: [String] = []
    package var algorithms: [SignatureAlgorithm]
    package var keys: [VerifyingKey]
    /// From where more of its keys are fetched; nil: the settings have them all.
    package var keySource: String?
    /// What `typ` must say; nil: it is not asked for.
    package var type: String?
    package var claim = RightsClaim(.tidegate)

    /// A token that names no key is tried with so many at most.
    private static let trialLimit = 4
    private static let subjectByteCount = 256

    package init(name: String?, algorithms: [SignatureAlgorithm], keys: [VerifyingKey]) {
        self.name = name
        self.algorithms = algorithms
        self.keys = keys
    }

    func isCalled(_ text: [UInt8]?) -> Bool {
        guard let name, let text else { return false }
        return text.elementsEqual(name.utf8)
    }

    /// The principal that the token names, once all of it is verified: the signature first, because before that all else is
    /// what anybody may have written.
    func principal(
        _ token: Token, at time: UnixTime, _ now: Instant, leeway: Duration
    ) throws(CredentialFailure) -> Principal {
        do {
            let key = try signer(of: token, at: time)
            try checkType(token.header)
            let (expires, life) = try checkTimes(token.claims, at: time, leeway, until: key.end)
            try checkAudience(token.claims)
            let subject = try token.claims.string("sub")
            guard (1...Self.subjectByteCount).contains(subject?.count ?? 1) else {
                throw CredentialFailure.wrongClaims
            }
            return Principal(
                name: subject.map { $0.span.text } ?? "", rights: try claim.rights(token.claims, of: subject),
                proof: .token, expires: expires, after: life, now: now, restingOn: basis(of: key))
        } catch let failure as CredentialFailure {
            throw failure
        } catch {
            throw .wrongClaims
        }
    }

    /// What a principal rests on whose token that key has signed: the key, and all that is demanded of the token. Who knows the
    /// token no more can so tell whether it would be believed again.
    func basis(of key: VerifyingKey) -> Digest {
        var demands = Array(
            "\(name ?? "")\n\(name == nil)\n\(audiences)\n\(algorithms)\n\(type ?? "")\n\(claim)\n".utf8)
        demands += key.fingerprint.hexadecimal.utf8
        return Digest(of: demands.span)
    }

    private func signer(of token: Token, at time: UnixTime) throws -> VerifyingKey {
        guard let name = try token.header.text("alg"),
            let algorithm = algorithms.first(where: { $0.rawValue == name })
        else { throw CredentialFailure.wrongAlgorithm }
        let candidates = try keys(for: token.header.string("kid"), algorithm, at: time)
        guard !candidates.isEmpty else {
            throw keySource == nil ? CredentialFailure.unknownTokenKey : .keyNotFetched
        }
        guard
            let key = candidates.first(where: {
                $0.verifies(token.signature, of: token.signed, by: algorithm)
            })
        else { throw CredentialFailure.wrongSignature }
        return key
    }

    /// The keys that may have signed: those of that name, or a few that have none to be named by. `kid` is compared and nothing
    /// else, so it does not matter what is in it.
    private func keys(
        for identifier: [UInt8]?, _ algorithm: SignatureAlgorithm, at time: UnixTime
    ) -> [VerifyingKey] {
        let fitting = keys.filter { key in
            key.kind == algorithm.kind && (key.end.map { time < $0 } ?? true)
                && (identifier == nil || key.identifier == nil || key.identifier == identifier)
        }
        return Array(fitting.prefix(Self.trialLimit))
    }

    private func checkType(_ header: UniqueObject) throws {
        guard let type else { return }
        // The prefix may be left out, and case does not matter (RFC 7515 §4.1.9).
        let found = try header.text("typ")?.lowercased() ?? ""
        let short = found.hasPrefix("application/") ? String(found.dropFirst("application/".count)) : found
        guard short == type.lowercased() else { throw CredentialFailure.wrongType }
    }

    /// Returns when the token expires, and for how long it is good. One that has just expired is good while the leeway lasts.
    private func checkTimes(
        _ claims: UniqueObject, at time: UnixTime, _ leeway: Duration, until keyEnd: UnixTime?
    ) throws -> (UnixTime, Interval) {
        guard let said = try moment("exp", claims) else { throw CredentialFailure.wrongClaims }
        // No token outlives its key.
        let expires = keyEnd.map { min($0, said) } ?? said
        let leeway = leeway.nanoseconds / 1_000_000
        let (now, end) = (time.milliseconds, expires.milliseconds)
        guard now < end + leeway else { throw CredentialFailure.expired }
        for name in ["nbf", "iat"] as [StaticString] {
            if let moment = try moment(name, claims), moment.milliseconds > now + leeway {
                throw CredentialFailure.notYetValid
            }
        }
        return (expires, Interval(milliseconds: (now < end ? end : end + leeway) - now))
    }

    /// Seconds since 1970, perhaps with a fraction (RFC 7519 §2).
    private func moment(_ name: StaticString, _ claims: UniqueObject) throws -> UnixTime? {
        guard let seconds = try claims.number(name) else { return nil }
        guard let moment = UnixTime(seconds: seconds) else { throw CredentialFailure.wrongClaims }
        return moment
    }

    private func checkAudience(_ claims: UniqueObject) throws {
        guard !audiences.isEmpty else { return }
        let found = try claims.strings("aud") ?? []
        guard found.contains(where: { name in audiences.contains { name.elementsEqual($0.utf8) } }) else {
            throw CredentialFailure.wrongAudience
        }
    }
}

extension UnixTime {
    /// The last second of the year 9999: what is later is no moment that anybody meant.
    private static let lastSecond = 253_402_300_799.0

    /// Nil where nobody can have meant that moment.
    init?(seconds: Double) {
        guard (0...Self.lastSecond).contains(seconds) else { return nil }
        self.init(milliseconds: UInt64(seconds * 1000))
    }
}
