/// The keys of one issuer, as a file has them: a JWK set (RFC 7517), or one public key as PEM (RFC 7468).
internal import COpenSSL
internal import Primitives

package enum KeySet {
    /// An issuer turns its keys over one by one; a file with more is a mistake.
    private static let keyLimit = 100

    /// Reads the file's content.
    package static func read(_ text: [UInt8]) throws(KeySetFailure) -> [VerifyingKey] {
        let isPEM = text.span.text.contains("-----BEGIN ")
        return isPEM ? [try key(pem: text)] : try keys(set: text)
    }

    private static func key(pem text: [UInt8]) throws(KeySetFailure) -> VerifyingKey {
        defer { ERR_clear_error() }
        if text.span.text.contains("PRIVATE KEY-----") {
            throw KeySetFailure("it is a private key; give the public one (openssl pkey -pubout)")
        }
        guard let file = unsafe BIO_new_mem_buf(text, Int32(clamping: text.count)) else {
            throw KeySetFailure("it cannot be read")
        }
        defer { unsafe BIO_free(file) }
        guard let key = unsafe PEM_read_bio_PUBKEY(file, nil, nil, nil) else {
            throw KeySetFailure("it is no public key (\"-----BEGIN PUBLIC KEY-----\")")
        }
        guard let verifying = unsafe VerifyingKey(taking: key, identifier: nil, algorithm: nil) else {
            throw KeySetFailure(unusable)
        }
        return verifying
    }

    private static let unusable =
        "it is of no kind that is used here: RSA of 2048 to 8192 bits, EC on P-256, Ed25519"

    /// A set may hold keys for other purposes and of other kinds; they are left out.
    private static func keys(set text: [UInt8]) throws(KeySetFailure) -> [VerifyingKey] {
        guard let set = UniqueObject(text) else { throw KeySetFailure("it is neither PEM nor a JSON object") }
        let entries: [UniqueObject]
        do throws(UniqueObject.WrongKind) {
            guard let found = try set.objects("keys") else { throw UniqueObject.WrongKind() }
            entries = found
        } catch {
            throw KeySetFailure("it has no array \"keys\" of JSON Web Keys")
        }
        guard entries.count <= keyLimit else { throw KeySetFailure("it has more than \(keyLimit) keys") }
        var keys: [VerifyingKey] = []
        for entry in entries {
            if entry.has("d") {
                throw KeySetFailure("it has a private key in it (\"d\"); give the public ones")
            }
            do throws(UniqueObject.WrongKind) {
                if let key = try key(entry) { keys.append(key) }
            } catch {
                continue
            }
        }
        guard !keys.isEmpty else { throw KeySetFailure("it has no key in it that can be used") }
        let names = keys.compactMap(\.identifier)
        guard Set(names).count == names.count else { throw KeySetFailure("two of its keys have one \"kid\"") }
        return keys
    }

    private static func key(_ entry: UniqueObject) throws(UniqueObject.WrongKind) -> VerifyingKey? {
        if let use = try entry.text("use"), use != "sig" { return nil }
        if let operations = try entry.strings("key_ops"),
            !operations.contains(where: { $0.span.equals("verify") })
        {
            return nil
        }
        var algorithm: SignatureAlgorithm?
        if let name = try entry.text("alg") {
            guard let known = SignatureAlgorithm(rawValue: name) else { return nil }
            algorithm = known
        }
        let identifier = try entry.string("kid")
        guard let type = try entry.text("kty") else { return nil }
        if type == "oct" {
            guard let secret = try bytes("k", of: entry) else { return nil }
            return VerifyingKey(secret: secret, identifier: identifier, algorithm: algorithm)
        }
        guard let key = unsafe try publicKey(entry, type) else { return nil }
        return unsafe VerifyingKey(taking: key, identifier: identifier, algorithm: algorithm)
    }

    private static func publicKey(
        _ entry: UniqueObject, _ type: String
    ) throws(UniqueObject.WrongKind) -> OpaquePointer? {
        switch type {
        case "RSA":
            guard let modulus = try bytes("n", of: entry), let exponent = try bytes("e", of: entry) else {
                return nil
            }
            return unsafe SubjectPublicKeyInfo.rsa(modulus, exponent)
        case "EC":
            guard try entry.text("crv") == "P-256",
                let x = try bytes("x", of: entry), let y = try bytes("y", of: entry)
            else { return nil }
            return unsafe SubjectPublicKeyInfo.p256(x, y)
        case "OKP":
            guard try entry.text("crv") == "Ed25519",
                let x = try bytes("x", of: entry)
            else { return nil }
            return unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, x, x.count)
        default: return nil
        }
    }

    private static func bytes(
        _ name: StaticString, of entry: UniqueObject
    ) throws(UniqueObject.WrongKind) -> [UInt8]? {
        try entry.string(name).flatMap { Base64URL.decoded($0.span) }
    }
}

/// Keys that can't be used.
package struct KeySetFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
