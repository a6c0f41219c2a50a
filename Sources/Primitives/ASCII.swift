/// The bytes that text protocols give a meaning, by name, and questions about bytes.
public enum ASCII {
    @inlinable public static var tab: UInt8 { 0x09 }
    @inlinable public static var lineFeed: UInt8 { 0x0A }
    @inlinable public static var carriageReturn: UInt8 { 0x0D }
    @inlinable public static var space: UInt8 { 0x20 }
    @inlinable public static var quote: UInt8 { 0x22 }
    @inlinable public static var percent: UInt8 { 0x25 }
    @inlinable public static var ampersand: UInt8 { 0x26 }
    @inlinable public static var asterisk: UInt8 { 0x2A }
    @inlinable public static var comma: UInt8 { 0x2C }
    @inlinable public static var minus: UInt8 { 0x2D }
    @inlinable public static var period: UInt8 { 0x2E }
    @inlinable public static var slash: UInt8 { 0x2F }
    @inlinable public static var zero: UInt8 { 0x30 }
    @inlinable public static var colon: UInt8 { 0x3A }
    @inlinable public static var semicolon: UInt8 { 0x3B }
    @inlinable public static var equals: UInt8 { 0x3D }
    @inlinable public static var question: UInt8 { 0x3F }
    @inlinable public static var openBracket: UInt8 { 0x5B }
    @inlinable public static var backslash: UInt8 { 0x5C }
    @inlinable public static var closeBracket: UInt8 { 0x5D }
    @inlinable public static var openBrace: UInt8 { 0x7B }
    @inlinable public static var closeBrace: UInt8 { 0x7D }
    @inlinable public static var tilde: UInt8 { 0x7E }
    @inlinable public static var delete: UInt8 { 0x7F }

    @inlinable public static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inlinable public static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || lowercased(byte) &- 0x61 < 26
    }

    @inlinable public static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// 0 to 15 as a lower-case hexadecimal digit.
    @inlinable public static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }

    /// The value of a hexadecimal digit of either case; nil for any other byte.
    @inlinable public static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 < 6 ? lower - 0x57 : nil
    }

    /// Whether two runs of bytes are the same but for the case of ASCII letters.
    public static func equalIgnoringCase(_ bytes: Span<UInt8>, _ literal: StaticString) -> Bool {
        guard bytes.count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count
        where lowercased(bytes[unchecked: index]) != lowercased(literal.utf8Start[index]) { return false }
        return true
    }
}

extension Span<UInt8> {
    /// Whether these bytes are those of `literal`.
    @inlinable public func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[unchecked: index] != literal.utf8Start[index] { return false }
        return true
    }

    /// Whether a line is nothing but spaces, tabs and carriage returns: in NDJSON it says nothing.
    @inlinable public var isBlank: Bool {
        for index in 0..<count {
            switch self[unchecked: index] {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn: continue
            default: return false
            }
        }
        return true
    }

    /// A copy of these bytes as a string; bytes that are not UTF-8 become U+FFFD. For messages and set-up.
    public var text: String {
        withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// A copy.
    public var array: [UInt8] {
        withUnsafeBufferPointer { Array($0) }
    }

    /// These bytes as an unsigned decimal number: digits only, no sign, no overflow.
    public var decimal: UInt64? {
        guard count > 0 else { return nil }
        var value: UInt64 = 0
        for index in indices {
            let byte = self[index]
            guard ASCII.isDigit(byte) else { return nil }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = scaled.addingReportingOverflow(UInt64(byte - 0x30))
            guard !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }
}
