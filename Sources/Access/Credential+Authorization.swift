/// The field `Authorization` (RFC 9110 §11.6.2): a bearer's key or token (RFC 6750), or a name and a key (RFC 7617).
internal import Primitives

extension Credential {
    package init(authorization field: Span<UInt8>) throws(CredentialFailure) {
        var end = 0
        while end < field.count, field[end] != ASCII.space { end += 1 }
        var start = end
        while start < field.count, field[start] == ASCII.space { start += 1 }
        let scheme = field.extracting(0..<end)
        let value = field.extracting(start..<field.count)
        if ASCII.equalIgnoringCase(scheme, "Bearer") {
            guard !value.isEmpty else { throw .malformedField }
            self = .bearer(value.array)
        } else if ASCII.equalIgnoringCase(scheme, "Basic") {
            guard let decoded = Self.decoded(value),
                let colon = decoded.firstIndex(of: ASCII.colon)
            else { throw .malformedField }
            self = .named(Array(decoded[..<colon]), key: Array(decoded[(colon + 1)...]))
        } else {
            throw .noneAccepted
        }
    }

    /// Base64 of the usual alphabet, with its padding or without.
    private static func decoded(_ text: Span<UInt8>) -> [UInt8]? {
        var digits = text.array
        while digits.last == ASCII.equals, digits.count + 2 > text.count { digits.removeLast() }
        let letters = digits.map { byte in
            switch byte {
            case UInt8(ascii: "+"): ASCII.minus
            case ASCII.slash: UInt8(ascii: "_")
            default: byte
            }
        }
        return Base64URL.decoded(letters.span)
    }
}
