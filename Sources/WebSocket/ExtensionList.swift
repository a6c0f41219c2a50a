internal import Primitives

/// One element of a `Sec-WebSocket-Extensions` field: a name and its parameters, in order (RFC 6455 §9.1).
struct ExtensionElement: Equatable {
    struct Parameter: Equatable {
        let name: [UInt8]
        /// Unquoted; nil for a parameter without a value.
        let value: [UInt8]?
    }

    let name: [UInt8]
    var parameters: [Parameter] = []
}

/// Reads the elements of extension fields. It skips an element that breaks the grammar and goes on behind the next
/// comma, because the peer may have offered others too.
struct ExtensionList {
    private let bytes: [UInt8]
    private var index = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The elements of all lines, in the peer's order of preference.
    static func elements(of lines: [[UInt8]]) -> [ExtensionElement] {
        var elements: [ExtensionElement] = []
        for line in lines {
            var list = ExtensionList(line)
            while list.index < line.count {
                let start = list.index
                if let element = list.element() {
                    elements.append(element)
                } else {
                    // The element may have broken off inside quotes; only a second look from its start finds their
                    // end.
                    list.index = start
                }
                list.skipPastComma()
            }
        }
        return elements
    }

    /// An element up to a comma or the end; nil if there is none, or if it breaks the grammar.
    private mutating func element() -> ExtensionElement? {
        guard let name = token() else { return nil }
        var element = ExtensionElement(name: name)
        while take(ASCII.semicolon) {
            guard let parameter = token() else { return nil }
            var value: [UInt8]?
            if take(ASCII.equals) {
                guard let read = quoted() ?? token() else { return nil }
                value = read
            }
            element.parameters.append(.init(name: parameter, value: value))
        }
        skipSpace()
        return index == bytes.count || bytes[index] == ASCII.comma ? element : nil
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == ASCII.space || bytes[index] == ASCII.tab { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func token() -> [UInt8]? {
        skipSpace()
        let start = index
        while index < bytes.count, isTokenByte(bytes[index]) { index += 1 }
        return index > start ? Array(bytes[start..<index]) : nil
    }

    /// A quoted string, which must be a token once unquoted (RFC 6455 §9.1).
    private mutating func quoted() -> [UInt8]? {
        guard take(ASCII.quote) else { return nil }
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash { index += 1 }
            guard index < bytes.count, isTokenByte(bytes[index]) else { return nil }
            value.append(bytes[index])
            index += 1
        }
        guard index < bytes.count, !value.isEmpty else { return nil }
        index += 1
        return value
    }

    /// Skips the rest of the current element, commas in quotes included.
    private mutating func skipPastComma() {
        var isQuoted = false
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == ASCII.quote { isQuoted.toggle() }
            if isQuoted, byte == ASCII.backslash { index += 1 }
            if byte == ASCII.comma, !isQuoted { return }
        }
    }
}

/// Whether `byte` may stand in a token (RFC 9110 §5.6.2).
func isTokenByte(_ byte: UInt8) -> Bool {
    if ASCII.isDigit(byte) || ASCII.lowercased(byte) &- 0x61 < 26 { return true }
    return switch byte {
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
    default: false
    }
}
