/// Numbers of a JSON Web Key as the structure that OpenSSL reads public keys from (RFC 5280 §4.1.2.7). It checks them: a point
/// that is not on the curve is none.
internal import COpenSSL

enum SubjectPublicKeyInfo {
    /// `id-ecPublicKey` on `prime256v1`, and an uncompressed point in a bit string (RFC 5480).
    private static let p256Prefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
        0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ]

    /// `rsaEncryption`, with a null for its parameters (RFC 3279 §2.3.1).
    private static let rsaAlgorithm: [UInt8] = [
        0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
    ]

    static func p256(_ x: [UInt8], _ y: [UInt8]) -> OpaquePointer? {
        guard x.count == 32, y.count == 32 else { return nil }
        return unsafe key(p256Prefix + x + y)
    }

    /// An exponent of more than 8 bytes makes a verification dear, and nobody has one.
    static func rsa(_ modulus: [UInt8], _ exponent: [UInt8]) -> OpaquePointer? {
        guard (256...1024).contains(modulus.count), (1...8).contains(exponent.count) else { return nil }
        let numbers = element(0x30, integer(modulus) + integer(exponent))
        return unsafe key(element(0x30, rsaAlgorithm + element(0x03, [0] + numbers)))
    }

    private static func key(_ encoded: [UInt8]) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return unsafe encoded.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            return unsafe d2i_PUBKEY(nil, &next, bytes.count)
        }
    }

    /// A number that is not negative: without zeros in front, but for one where the first bit would be taken for a sign.
    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return element(0x02, digits.first.map { $0 < 0x80 } ?? false ? digits : [0] + digits)
    }

    /// Tag, length, content (X.690 §8.1).
    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case 0..<0x80: [tag, UInt8(content.count)] + content
        case 0x80..<0x100: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        }
    }
}
