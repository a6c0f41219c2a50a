/// Reads JSON text (RFC 8259) in one pass. It builds nothing: values are ranges of the text.
///
/// The text must be UTF-8; check it first with `UTF8Span(validating:)` where a protocol has not done so.
/// The caller asks for what it expects (`enterObject`, `nextMember`, `string`, …). `value()` checks any other value
/// and steps over it.
package struct JSONScanner: ~Escapable {
    package let bytes: Span<UInt8>
    /// Where the next token starts, or the white space before it.
    package private(set) var position = 0
    /// No comma stands before the next member or element: its container was only just entered.
    private var isFirst = false

    /// The scanner refuses containers nested deeper than this: a reader may recurse, and its stack has an end.
    package static var depthLimit: Int { 64 }

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// Goes on with the elements of an array in front of the next one, where another scanner of the same text has stopped.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, inArrayAt position: Int, isFirst: Bool) {
        self.bytes = bytes
        self.position = position
        self.isFirst = isFirst
    }

    // MARK: What comes next

    /// The kind of the value that comes next; nil at the end of the text or where no value can start.
    package mutating func peek() -> JSONKind? {
        skipWhiteSpace()
        guard position < bytes.count else { return nil }
        switch bytes[position] {
        case ASCII.openBrace: return .object
        case ASCII.openBracket: return .array
        case ASCII.quote: return .string
        case ASCII.minus, 0x30...0x39: return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: return nil
        }
    }

    /// Requires that only white space is left.
    package mutating func end() throws(JSONFailure) {
        skipWhiteSpace()
        if position < bytes.count { throw failure("the value has ended, and something follows it") }
    }

    // MARK: Containers

    package mutating func enterObject() throws(JSONFailure) {
        try expect(ASCII.openBrace, "an object")
        isFirst = true
    }

    /// The name of the object's next member, whose value must be read next; nil at the object's end.
    package mutating func nextMember() throws(JSONFailure) -> JSONString? {
        guard try nextItem(closing: ASCII.closeBrace) else { return nil }
        guard peek() == .string else { throw failure("expected a member's name in quotes") }
        let name = try string()
        try expect(ASCII.colon, "\":\"")
        return name
    }

    package mutating func enterArray() throws(JSONFailure) {
        try expect(ASCII.openBracket, "an array")
        isFirst = true
    }

    /// Whether another element follows, which must be read next; false at the array's end.
    package mutating func nextElement() throws(JSONFailure) -> Bool {
        try nextItem(closing: ASCII.closeBracket)
    }

    private mutating func nextItem(closing: UInt8) throws(JSONFailure) -> Bool {
        skipWhiteSpace()
        guard position < bytes.count else { throw failure("the text ends inside a container") }
        if bytes[position] == closing {
            position += 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
        } else {
            try expect(ASCII.comma, "\",\" or the container's end")
        }
        return true
    }

    // MARK: Scalars

    /// The next string, as the slice between its quotes.
    package mutating func string() throws(JSONFailure) -> JSONString {
        try expect(ASCII.quote, "a string")
        let start = position
        var hasEscapes = false
        while true {
            skipPlainCharacters()
            guard position < bytes.count else { break }
            let byte = bytes[unchecked: position]
            if byte == ASCII.quote {
                position += 1
                return JSONString(range: start..<(position - 1), hasEscapes: hasEscapes)
            }
            if byte == ASCII.backslash {
                hasEscapes = true
                try skipEscape()
            } else {
                throw failure("a control character in a string must be escaped")
            }
        }
        throw failure("the text ends inside a string")
    }

    /// Steps to a quote, a backslash or a control character. The position is a local here: the scanner's own would be
    /// stored to memory at each byte.
    private mutating func skipPlainCharacters() {
        var place = position
        let end = bytes.count
        while place < end {
            let byte = bytes[unchecked: place]
            if byte < 0x20 || byte == ASCII.quote || byte == ASCII.backslash { break }
            place += 1
        }
        position = place
    }

    /// The next number, as a double.
    package mutating func number() throws(JSONFailure) -> Double {
        skipWhiteSpace()
        let start = position
        guard peek() == .number else { throw failure("expected a number") }
        try skipNumber()
        guard let value = Double(bytes.extracting(start..<position).text), value.isFinite else {
            throw failure("the number does not fit")
        }
        return value
    }

    package mutating func boolean() throws(JSONFailure) -> Bool {
        guard peek() == .boolean else { throw failure("expected true or false") }
        let isTrue = bytes[position] == UInt8(ascii: "t")
        try skipLiteral(isTrue ? "true" : "false")
        return isTrue
    }

    /// Reads `null` if it comes next.
    package mutating func null() throws(JSONFailure) -> Bool {
        guard peek() == .null else { return false }
        try skipLiteral("null")
        return true
    }

    // MARK: Any value

    /// Checks one whole value of any kind and returns its range, without the white space around it.
    package mutating func value() throws(JSONFailure) -> Range<Int> {
        skipWhiteSpace()
        let start = position
        // One bit for each open container, the innermost lowest: 1 is an object.
        var open: UInt64 = 0
        var depth = 0
        while true {
            let kind = peek()
            switch kind {
            case .object, .array:
                guard depth < Self.depthLimit else { throw failure("nested deeper than \(Self.depthLimit)") }
                depth += 1
                open = open << 1 | (kind == .object ? 1 : 0)
                position += 1
                isFirst = true
            case .string: _ = try string()
            case .number: try skipNumber()
            case .boolean: _ = try boolean()
            case .null: try skipLiteral("null")
            case nil:
                throw failure(
                    position < bytes.count ? "expected a value" : "the text ends where a value should be")
            }
            // Leave every container that ends here; stop in front of the next value.
            while depth > 0 {
                let hasMore = open & 1 == 1 ? try nextMember() != nil : try nextElement()
                if hasMore { break }
                depth -= 1
                open >>= 1
            }
            if depth == 0 { return start..<position }
        }
    }

    // MARK: Steps

    @inline(__always)
    private mutating func skipWhiteSpace() {
        // Mostly there is no white space.
        while position < bytes.count, bytes[unchecked: position] <= ASCII.space {
            switch bytes[unchecked: position] {
            case ASCII.space, ASCII.tab, ASCII.lineFeed, ASCII.carriageReturn: position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func expect(_ byte: UInt8, _ what: StaticString) throws(JSONFailure) {
        if position < bytes.count, bytes[unchecked: position] == byte {
            position += 1
        } else {
            try expectLater(byte, what)
        }
    }

    private mutating func expectLater(_ byte: UInt8, _ what: StaticString) throws(JSONFailure) {
        skipWhiteSpace()
        guard position < bytes.count, bytes[position] == byte else { throw failure("expected \(what)") }
        position += 1
    }

    private mutating func skipEscape() throws(JSONFailure) {
        guard position + 1 < bytes.count else { throw failure("the text ends inside a string") }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"):
            guard position + 6 <= bytes.count else { throw failure("the text ends inside an escape") }
            for index in (position + 2)..<(position + 6) where ASCII.hexValue(bytes[index]) == nil {
                throw failure("\\u wants four hexadecimal digits")
            }
            position += 6
        case ASCII.quote, ASCII.backslash, ASCII.slash, UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default:
            throw failure("unknown escape in a string")
        }
    }

    private mutating func skipNumber() throws(JSONFailure) {
        if bytes[position] == ASCII.minus { position += 1 }
        if position < bytes.count, bytes[position] == ASCII.zero {
            position += 1
        } else {
            try skipDigits()
        }
        if position < bytes.count, bytes[position] == ASCII.period {
            position += 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == ASCII.minus || bytes[position] == UInt8(ascii: "+")
            {
                position += 1
            }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(JSONFailure) {
        let start = position
        var place = start
        while place < bytes.count, ASCII.isDigit(bytes[unchecked: place]) { place += 1 }
        position = place
        if place == start { throw failure("expected a digit") }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONFailure) {
        let length = literal.utf8CodeUnitCount
        guard position + length <= bytes.count,
            bytes.extracting(position..<(position + length)).equals(literal)
        else { throw failure("expected \(literal)") }
        position += length
    }

    private func failure(_ reason: String) -> JSONFailure {
        JSONFailure(offset: position, reason: reason)
    }
}

/// What a JSON value can be.
package enum JSONKind: Sendable {
    case object
    case array
    case string
    case number
    case boolean
    case null
}

/// Text that is not JSON, or not the JSON that the caller expected.
package struct JSONFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// From the start of the text, in bytes, from 0.
    package let offset: Int
    package let reason: String

    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "at byte \(offset): \(reason)" }
}

/// A string in a scanned text: the range between its quotes, still escaped.
package struct JSONString: Sendable, Equatable {
    package let range: Range<Int>
    package let hasEscapes: Bool

    /// Whether this string of `text` reads `literal`, which must be plain ASCII.
    package func equals(_ literal: StaticString, in text: Span<UInt8>) -> Bool {
        if !hasEscapes { return text.extracting(range).equals(literal) }
        guard let decoded = decoded(in: text) else { return false }
        return decoded.span.equals(literal)
    }

    /// The string's characters as UTF-8; nil where an escape names half a surrogate pair.
    package func decoded(in text: Span<UInt8>) -> [UInt8]? {
        let slice = text.extracting(range)
        if !hasEscapes { return slice.array }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(slice.count)
        var index = 0
        while index < slice.count {
            guard slice[index] == ASCII.backslash else {
                decoded.append(slice[index])
                index += 1
                continue
            }
            let letter = slice[index + 1]
            if letter != UInt8(ascii: "u") {
                decoded.append(Self.unescaped(letter))
                index += 2
                continue
            }
            var code = Self.codeUnit(slice, index + 2)
            index += 6
            if code & 0xFC00 == 0xD800 {
                guard index + 6 <= slice.count, slice[index] == ASCII.backslash,
                    slice[index + 1] == UInt8(ascii: "u")
                else { return nil }
                let low = Self.codeUnit(slice, index + 2)
                guard low & 0xFC00 == 0xDC00 else { return nil }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
                index += 6
            }
            guard let scalar = Unicode.Scalar(code) else { return nil }
            decoded.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
        }
        return decoded
    }

    private static func unescaped(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): ASCII.lineFeed
        case UInt8(ascii: "r"): ASCII.carriageReturn
        case UInt8(ascii: "t"): ASCII.tab
        default: letter
        }
    }

    /// Four hexadecimal digits, which the scanner has checked.
    private static func codeUnit(_ slice: Span<UInt8>, _ start: Int) -> UInt32 {
        (start..<(start + 4)).reduce(0) { $0 << 4 | UInt32(ASCII.hexValue(slice[$1]) ?? 0) }
    }
}
