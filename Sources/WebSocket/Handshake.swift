internal import COpenSSL
internal import Primitives

/// The arithmetic of the opening handshake (RFC 6455 §1.3 and §4): field values in, field values out.
package enum Handshake {
    /// The globally unique name that proves a WebSocket server answers (RFC 6455 §1.3).
    private static let name: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// The `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`; nil unless the key is 16 bytes in base64.
    package static func acceptValue(forKey key: Span<UInt8>) -> [UInt8]? {
        guard isKey(key) else { return nil }
        var text = key.array
        unsafe text.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        _ = unsafe digest.withUnsafeMutableBufferPointer { digest in
            unsafe text.withUnsafeBufferPointer { unsafe SHA1($0.baseAddress, $0.count, digest.baseAddress) }
        }
        return base64(digest)
    }

    /// The `Sec-WebSocket-Key` of a client, from 16 random bytes.
    package static func makeKey(randomBytes: [UInt8]) -> [UInt8] {
        precondition(randomBytes.count == 16, "a key is made of 16 random bytes (RFC 6455 §4.1)")
        return base64(randomBytes)
    }

    /// Whether `supported` is among the subprotocols that a client offers.
    ///
    /// - Parameter offered: the values of the request's `Sec-WebSocket-Protocol` fields, each a comma list.
    package static func chooseSubprotocol(offered: [[UInt8]], supported: StaticString) -> Bool {
        offered.contains { line in
            line.split(separator: ASCII.comma).contains { element in
                let name = element.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
                return Array(name).span.equals(supported)
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    /// 22 base64 digits, which carry 16 bytes and four spare bits, and the padding.
    private static func isKey(_ key: Span<UInt8>) -> Bool {
        guard key.count == 24, key[22] == ASCII.equals, key[23] == ASCII.equals else { return false }
        for index in 0..<22 {
            let byte = key[index]
            let isDigit = ASCII.isDigit(byte) || ASCII.lowercased(byte) &- 0x61 < 26
            guard isDigit || byte == 0x2B || byte == ASCII.slash else { return false }
        }
        return true
    }

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let byteCount = (bytes.count + 2) / 3 * 4
        var text = [UInt8](repeating: 0, count: byteCount + 1)  // OpenSSL ends it with a zero.
        _ = unsafe text.withUnsafeMutableBufferPointer { text in
            unsafe bytes.withUnsafeBufferPointer {
                unsafe EVP_EncodeBlock(text.baseAddress, $0.baseAddress, Int32($0.count))
            }
        }
        text.removeLast()
        return text
    }
}
