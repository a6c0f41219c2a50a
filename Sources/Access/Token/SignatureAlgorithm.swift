/// How tokens may be signed (RFC 7518 §3.1, RFC 8037 §3.1). There is no `none`.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case ps256 = "PS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"
    /// The same by its newer name (RFC 9864 §2.2).
    case ed25519 = "Ed25519"

    /// The kind of key that it works with. A key of another kind is never tried, so a public key is never taken for a secret.
    package var kind: VerifyingKey.Kind {
        switch self {
        case .hs256: .secret
        case .rs256, .ps256: .rsa
        case .es256: .p256
        case .edDSA, .ed25519: .ed25519
        }
    }
}
