/// The arithmetic of secrets: hashes, codes, random bytes, comparing without telling how much was right. OpenSSL does all of it.
internal import COpenSSL
internal import Primitives

/// A SHA-256 (FIPS 180-4).
package struct Digest: Sendable, Hashable {
    package static let byteCount = 32

    package let bytes: [UInt8]

    package init(of text: Span<UInt8>) {
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        unsafe text.withUnsafeBufferPointer { text in
            unsafe digest.withUnsafeMutableBufferPointer { digest in
                _ = unsafe SHA256(text.baseAddress, text.count, digest.baseAddress)
            }
        }
        bytes = digest
    }

    /// From 64 hexadecimal digits; nil for anything else.
    package init?(hexadecimal text: Span<UInt8>) {
        guard text.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<Self.byteCount {
            guard let high = ASCII.hexValue(text[2 * index]), let low = ASCII.hexValue(text[2 * index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    package var hexadecimal: String {
        String(
            decoding: bytes.flatMap { [ASCII.hexDigit($0 >> 4), ASCII.hexDigit($0 & 15)] }, as: UTF8.self)
    }

    /// Whether the two are the same, in a time that does not depend on where they differ.
    package func isSame(as other: Digest) -> Bool { Secret.areSame(bytes.span, other.bytes.span) }
}

enum Secret {
    /// Compares in a time that depends on the lengths alone.
    static func areSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }

    /// The code of a message under a secret (RFC 2104, with SHA-256).
    static func code(of message: Span<UInt8>, under secret: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: Digest.byteCount)
        unsafe message.withUnsafeBufferPointer { message in
            unsafe secret.withUnsafeBufferPointer { secret in
                unsafe code.withUnsafeMutableBufferPointer { code in
                    _ = unsafe HMAC(
                        EVP_sha256(), secret.baseAddress, Int32(secret.count), message.baseAddress,
                        message.count, code.baseAddress, nil)
                }
            }
        }
        return code
    }

    /// Bytes that nobody can guess.
    static func random(byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe bytes.withUnsafeMutableBufferPointer {
            unsafe RAND_bytes($0.baseAddress, Int32($0.count))
        }
        precondition(status == 1, "the system gives no random bytes: no secret can be made")
        return bytes
    }
}
