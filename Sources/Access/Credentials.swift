/// Whose credentials are believed, and what those who show none may do.
package import Primitives

/// Immutable: another set takes the place of the whole.
package struct Credentials: Sendable {
    package var anonymous: Principal
    package var keys: [AccessKey] = []
    package var issuers: [Issuer] = []
    package var certificates: [AccessCertificate] = []
    /// The longest token that is looked at.
    package var tokenByteCount = 8192
    /// How far the issuers' clocks may be from ours.
    package var leeway: Duration = .seconds(30)

    package init(anonymous: Rights) {
        self.anonymous = .anonymous(anonymous)
    }

    /// Whether there is any credential to be believed. Where there is none, what is presented is not looked at: a proxy in front
    /// may ask for credentials of its own.
    package var areWanted: Bool { !keys.isEmpty || !issuers.isEmpty || !certificates.isEmpty }

    /// How much may be done for a credential. A signature costs a hundred times what a hash does.
    package enum Effort: Sendable {
        case everything
        /// A token that was not verified lately is refused unseen.
        case hashing
    }

    /// The principal that the credential shows, presented from that address.
    package func principal(
        showing credential: Credential, from address: () -> [UInt8]?, at time: UnixTime, _ now: Instant,
        _ known: inout KnownPrincipals, effort: Effort = .everything
    ) throws(CredentialFailure) -> Principal {
        switch credential {
        case .bearer(let text):
            guard Token.isOne(text.span) else { return try holder(of: text, named: nil, from: address) }
            return try bearer(of: text, at: time, now, &known, effort)
        case .named(let name, let key): return try holder(of: key, named: name, from: address)
        }
    }

    /// All keys are compared, whichever it is: how long that takes tells nothing.
    private func holder(
        of key: [UInt8], named name: [UInt8]?, from address: () -> [UInt8]?
    ) throws(CredentialFailure) -> Principal {
        guard !keys.isEmpty else { throw .noneAccepted }
        let digest = Digest(of: key.span)
        var found: AccessKey?
        for candidate in keys where candidate.matches(digest) { found = candidate }
        guard let found, name == nil || name?.elementsEqual(found.name.utf8) ?? false else {
            throw .unknownKey
        }
        guard found.isAccepted(from: address) else { throw .foreignAddress }
        return found.principal
    }

    private func bearer(
        of text: [UInt8], at time: UnixTime, _ now: Instant, _ known: inout KnownPrincipals, _ effort: Effort
    ) throws(CredentialFailure) -> Principal {
        guard !issuers.isEmpty else { throw .noneAccepted }
        guard text.count <= tokenByteCount else { throw .tooLong }
        let digest = Digest(of: text.span)
        if let principal = known.principal(of: digest, at: now) { return principal }
        guard case .everything = effort else { throw .notLookedAt }
        let token = try Token(text.span)
        let principal = try issuer(of: token).principal(token, at: time, now, leeway: leeway)
        known.remember(principal, of: digest)
        return principal
    }

    /// From where more keys come of the issuer that the token names.
    package func keySource(of credential: Credential) -> String? {
        guard case .bearer(let text) = credential, text.count <= tokenByteCount else { return nil }
        do throws(CredentialFailure) {
            return try issuer(of: Token(text.span)).keySource
        } catch {
            return nil
        }
    }

    /// What an unverified token says of its issuer picks one of ours, and nothing else: whether it is true, its keys tell. An issuer
    /// without a name stands for those that none of the others is.
    private func issuer(of token: Token) throws(CredentialFailure) -> Issuer {
        let name: [UInt8]?
        do throws(UniqueObject.WrongKind) {
            name = try token.claims.string("iss")
        } catch {
            throw .malformed
        }
        guard
            let issuer = issuers.first(where: { $0.isCalled(name) })
                ?? issuers.first(where: { $0.name == nil })
        else { throw .unknownIssuer }
        return issuer
    }
}
