/// Why a credential is not believed. It never repeats what was presented.
package enum CredentialFailure: Error, Sendable, Hashable, CaseIterable {
    // Keys.
    case unknownKey
    case foreignAddress
    // Tokens, in the order in which they are looked at.
    case tooLong
    case malformed
    case unsupported
    case unknownIssuer
    case wrongAlgorithm
    case unknownTokenKey
    case keyNotFetched
    case wrongSignature
    case expired
    case notYetValid
    case wrongAudience
    case wrongType
    case wrongClaims
    // Tickets.
    case unknownTicket
    // What the backend was asked about.
    case refusedByBackend
    // Any.
    case malformedField
    case noneAccepted
    case ambiguous
    case notLookedAt

    /// In `/metrics` and in the log.
    package var reason: String {
        switch self {
        case .unknownKey: "key"
        case .foreignAddress: "address"
        case .tooLong: "size"
        case .malformed: "malformed"
        case .unsupported: "unsupported"
        case .unknownIssuer: "issuer"
        case .wrongAlgorithm: "algorithm"
        case .unknownTokenKey: "kid"
        case .keyNotFetched: "fetching"
        case .wrongSignature: "signature"
        case .expired: "expired"
        case .notYetValid: "early"
        case .wrongAudience: "audience"
        case .wrongType: "type"
        case .wrongClaims: "claims"
        case .unknownTicket: "ticket"
        case .refusedByBackend: "backend"
        case .malformedField: "field"
        case .noneAccepted: "none"
        case .ambiguous: "ambiguous"
        case .notLookedAt: "throttled"
        }
    }

    /// For who presented it.
    package var detail: String {
        switch self {
        case .unknownKey: "There is no such key."
        case .foreignAddress: "This key is not accepted from your address."
        case .tooLong: "The token is too long."
        case .malformed: "The token is malformed: three parts of base64url, the first two JSON objects."
        case .unsupported:
            "The token's header wants what is not supported here: crit, b64, zip or encryption."
        case .unknownIssuer: "The token's issuer is not known here."
        case .wrongAlgorithm: "The token's algorithm is not accepted from its issuer."
        case .unknownTokenKey: "The token's issuer has no such key."
        case .keyNotFetched: "The keys of the token's issuer are being fetched; try again in a second."
        case .wrongSignature: "The token's signature is wrong."
        case .expired: "The token has expired."
        case .notYetValid: "The token is not valid yet."
        case .wrongAudience: "The token is for another audience."
        case .wrongType: "The token is of another type."
        case .wrongClaims: "The token's claims are malformed: exp is wanted as a number, rights as patterns."
        case .unknownTicket: "The ticket is unknown, spent or over; ask for a new one."
        case .refusedByBackend: "The service that knows the users here does not know you."
        case .malformedField: "Authorization is malformed; send \"Bearer KEY\", \"Bearer TOKEN\" or Basic."
        case .noneAccepted: "This credential is of a kind that is not accepted here."
        case .ambiguous: "Send one credential, once."
        case .notLookedAt: "Too many credentials from your address were wrong; wait."
        }
    }

    /// Whether it is a credential that somebody else may know who is asked: nobody here has made it.
    package var isOfSomebodyElse: Bool {
        switch self {
        case .unknownKey, .noneAccepted, .unknownIssuer, .malformed, .unsupported: true
        case .foreignAddress, .tooLong, .wrongAlgorithm, .unknownTokenKey, .keyNotFetched, .wrongSignature,
            .expired,
            .notYetValid, .wrongAudience, .wrongType, .wrongClaims, .unknownTicket, .refusedByBackend,
            .malformedField, .ambiguous, .notLookedAt:
            false
        }
    }
}
