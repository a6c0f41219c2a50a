/// A key that signatures are verified with: a shared secret, or somebody's public key.
internal import COpenSSL
package import Primitives

/// Immutable. Any thread: OpenSSL only reads a key to verify with it.
@safe package final class VerifyingKey: @unchecked Sendable {
    package enum Kind: Sendable {
        case secret
        case rsa
        case p256
        case ed25519
    }

    package let kind: Kind
    /// Its name within its set; nil: it has none, and tokens that name any key are tried with it.
    package let identifier: [UInt8]?
    /// The only algorithm that it may be used with, where its set says so.
    let algorithm: SignatureAlgorithm?
    /// When it is no longer used.
    let end: UnixTime?
    /// Two keys that verify the same have the same.
    package let fingerprint: Digest
    private let secret: [UInt8]
    private let key: OpaquePointer?

    /// As long as the hash, at least (RFC 7518 §3.2).
    package static let minimumSecretByteCount = 32

    /// Nil where the secret is too short to be one.
    package init?(
        secret: [UInt8], identifier: [UInt8]? = nil, algorithm: SignatureAlgorithm? = nil,
        until end: UnixTime? = nil
    ) {
        guard secret.count >= Self.minimumSecretByteCount else { return nil }
        kind = .secret
        self.secret = secret
        unsafe key = nil
        self.identifier = identifier
        self.algorithm = algorithm
        self.end = end
        fingerprint = Self.fingerprint(of: secret, algorithm)
    }

    /// Takes the key over; nil where it is of no kind, or of no size, that is accepted here.
    init?(taking key: OpaquePointer, identifier: [UInt8]?, algorithm: SignatureAlgorithm?) {
        self.secret = []
        unsafe self.key = key
        self.identifier = identifier
        self.algorithm = algorithm
        end = nil
        fingerprint = unsafe Self.fingerprint(of: Self.encoded(key), algorithm)
        guard let kind = unsafe Self.kind(of: key) else { return nil }
        self.kind = kind
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    private static func fingerprint(of content: [UInt8], _ algorithm: SignatureAlgorithm?) -> Digest {
        Digest(of: (Array((algorithm?.rawValue ?? "any").utf8) + [0] + content).span)
    }

    /// A public key as DER (RFC 5280 §4.1.2.7).
    private static func encoded(_ key: OpaquePointer) -> [UInt8] {
        let byteCount = unsafe i2d_PUBKEY(key, nil)
        guard byteCount > 0 else { return [] }
        var encoded = [UInt8](repeating: 0, count: Int(byteCount))
        unsafe encoded.withUnsafeMutableBufferPointer { space in
            var end = space.baseAddress
            _ = unsafe i2d_PUBKEY(key, &end)
        }
        return encoded
    }

    private static func kind(of key: OpaquePointer) -> Kind? {
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA:
            // Shorter ones can be broken (RFC 7518 §3.3); longer ones take longer than they are worth.
            return unsafe (2048...8192).contains(EVP_PKEY_get_bits(key)) ? .rsa : nil
        case EVP_PKEY_ED25519: return .ed25519
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 32)
            var count = 0
            guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
            return name.prefix(count).elementsEqual("prime256v1".utf8.map { CChar($0) }) ? .p256 : nil
        default: return nil
        }
    }

    // MARK: Verifying

    /// Whether the signature over `message` is this key's. The algorithm must be one for keys of its kind.
    func verifies(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm.kind == kind, self.algorithm == nil || self.algorithm == algorithm else {
            return false
        }
        switch algorithm {
        case .hs256:
            return Secret.areSame(Secret.code(of: message.span, under: secret).span, signature.span)
        case .es256:
            guard let encoded = Self.encoded(ecdsa: signature) else { return false }
            return isVerified(encoded, message, by: algorithm)
        case .rs256, .ps256, .edDSA, .ed25519: return isVerified(signature, message, by: algorithm)
        }
    }

    private func isVerified(
        _ signature: [UInt8], _ message: [UInt8], by algorithm: SignatureAlgorithm
    ) -> Bool {
        // What OpenSSL notes of a failure is of no use, and must not be taken for somebody else's.
        defer { ERR_clear_error() }
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        // Ed25519 hashes by itself (RFC 8032).
        let hash = unsafe algorithm.kind == .ed25519 ? nil : EVP_sha256()
        guard unsafe EVP_DigestVerifyInit(context, &parameters, hash, nil, key) == 1 else { return false }
        if algorithm == .ps256 {
            // The salt is as long as the hash (RFC 7518 §3.5); the mask's hash is the same unless said otherwise.
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return unsafe EVP_DigestVerify(
            context, signature, signature.count, message, message.count) == 1
    }

    /// Two numbers of 32 bytes each (RFC 7518 §3.4) as OpenSSL wants them; nil for any other length.
    private static func encoded(ecdsa signature: [UInt8]) -> [UInt8]? {
        guard signature.count == 64, let pair = unsafe ECDSA_SIG_new() else { return nil }
        defer { unsafe ECDSA_SIG_free(pair) }
        let first = unsafe BN_bin2bn(Array(signature.prefix(32)), 32, nil)
        let second = unsafe BN_bin2bn(Array(signature.suffix(32)), 32, nil)
        guard unsafe ECDSA_SIG_set0(pair, first, second) == 1 else { return nil }
        var encoded = [UInt8](repeating: 0, count: 80)
        let byteCount = unsafe encoded.withUnsafeMutableBufferPointer { space in
            var end = space.baseAddress
            return unsafe i2d_ECDSA_SIG(pair, &end)
        }
        return byteCount > 0 ? Array(encoded.prefix(Int(byteCount))) : nil
    }
}
