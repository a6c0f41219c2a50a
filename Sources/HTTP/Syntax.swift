import Primitives

/// The character classes and small grammars of HTTP.
enum Syntax {
    /// One bit for each byte below 128 that may be in a token (RFC 9110 §5.6.2): digits and "!#$%&'*+-." below 64,
    /// letters and "^_`|~" above. The value is written out, because a computed constant is checked for initialization
    /// at every use.
    private static var tokenLow: UInt64 { 0x03FF_6CFA_0000_0000 }
    private static var tokenHigh: UInt64 { 0x57FF_FFFF_C7FF_FFFE }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        if byte < 64 { return tokenLow >> UInt64(byte) & 1 == 1 }
        return byte < 128 && tokenHigh >> UInt64(byte - 64) & 1 == 1
    }

    /// Whether `text` is a token: one byte or more, no separators.
    static func isToken(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where !isTokenByte(text[index]) { return false }
        return text.count > 0
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    /// Whether `byte` may be in a field value: visible, white space or above ASCII (RFC 9110 §5.5).
    static func isFieldByte(_ byte: UInt8) -> Bool {
        (byte >= ASCII.space && byte != ASCII.delete) || byte == ASCII.tab
    }

    /// Whether `text` can be a host with or without a port (RFC 9110 §7.2): no user, no path, no space.
    static func isAuthority(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "$")...UInt8(ascii: "."),
                UInt8(ascii: "!"), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                continue
            default: return false
            }
        }
        return true
    }

    /// `range` of `bytes`, without the white space at its ends.
    static func trimmed(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isWhiteSpace(bytes[start]) { start += 1 }
        while end > start, isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }
}
