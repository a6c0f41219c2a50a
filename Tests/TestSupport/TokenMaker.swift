/// Makes signed tokens, right ones and forged ones.
import COpenSSL

/// A key that signs; its package half is in a JWK set.
package final class TokenMaker: @unchecked Sendable {
    package enum Kind: Sendable {
        case secret([UInt8])
        case rsa
        case p256
        case ed25519
    }

    private let kind: Kind
    private let key: OpaquePointer?

    package init(_ kind: Kind) {
        self.kind = kind
        let type: Int32
        switch kind {
        case .secret:
            key = nil
            return
        case .rsa: type = EVP_PKEY_RSA
        case .p256: type = EVP_PKEY_EC
        case .ed25519: type = EVP_PKEY_ED25519
        }
        let context = EVP_PKEY_CTX_new_id(type, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if type == EVP_PKEY_RSA { EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) }
        if type == EVP_PKEY_EC { EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) }
        var made: OpaquePointer?
        EVP_PKEY_keygen(context, &made)
        key = made
    }

    deinit {
        EVP_PKEY_free(key)
    }

    /// A token of that algorithm, with header and claims as JSON text.
    package func token(_ algorithm: String, _ claims: String, header extra: String = "") -> String {
        let header = "{\"alg\":\"\(algorithm)\"\(extra.isEmpty ? "" : ",\(extra)")}"
        return token(header: header, claims: claims, algorithm)
    }

    package func token(header: String, claims: String, _ algorithm: String) -> String {
        let signed = Self.base64(Array(header.utf8)) + "." + Self.base64(Array(claims.utf8))
        return signed + "." + Self.base64(signature(of: Array(signed.utf8), algorithm))
    }

    package func signature(of message: [UInt8], _ algorithm: String) -> [UInt8] {
        if case .secret(let secret) = kind {
            var code = [UInt8](repeating: 0, count: 32)
            HMAC(EVP_sha256(), secret, Int32(secret.count), message, message.count, &code, nil)
            return code
        }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?
        EVP_DigestSignInit(context, &parameters, algorithm == "EdDSA" ? nil : EVP_sha256(), nil, key)
        if algorithm == "PS256" {
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING)
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST)
        }
        var signature = [UInt8](repeating: 0, count: 1024)
        var byteCount = signature.count
        EVP_DigestSign(context, &signature, &byteCount, message, message.count)
        signature.removeLast(signature.count - byteCount)
        return algorithm == "ES256" ? Self.raw(signature) : signature
    }

    /// Two numbers in DER as 32 bytes each.
    private static func raw(_ encoded: [UInt8]) -> [UInt8] {
        encoded.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            let pair = d2i_ECDSA_SIG(nil, &next, bytes.count)
            defer { ECDSA_SIG_free(pair) }
            var raw = [UInt8](repeating: 0, count: 64)
            raw.withUnsafeMutableBufferPointer {
                BN_bn2binpad(ECDSA_SIG_get0_r(pair), $0.baseAddress, 32)
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), $0.baseAddress! + 32, 32)
            }
            return raw
        }
    }

    /// The package key as PEM.
    package var pem: String {
        let file = BIO_new(BIO_s_mem())
        defer { BIO_free(file) }
        PEM_write_bio_PUBKEY(file, key)
        var text = [UInt8](repeating: 0, count: 4096)
        let byteCount = BIO_read(file, &text, Int32(text.count))
        return String(decoding: text.prefix(Int(byteCount)), as: UTF8.self)
    }

    /// The package key of Ed25519 as a member of a JWK set.
    package func jwk(_ identifier: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        var byteCount = bytes.count
        EVP_PKEY_get_raw_public_key(key, &bytes, &byteCount)
        return
            #"{"kty":"OKP","crv":"Ed25519","kid":"\#(identifier)","x":"\#(Self.base64(bytes))"}"#
    }

    /// Base64 for URLs, unpadded.
    package static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var bits = part.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - part.count))
            for _ in 0...part.count {
                text.append(alphabet[Int(bits >> 18 & 63)])
                bits <<= 6
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
