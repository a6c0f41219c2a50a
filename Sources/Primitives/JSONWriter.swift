/// Writing JSON into a buffer: strings with their escapes, numbers, values on one line.

extension ByteBuffer {
    /// Appends `text` in quotes, escaped as RFC 8259 §7 demands and no further.
    package mutating func append(jsonString text: Span<UInt8>) {
        append(ASCII.quote)
        var plainStart = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == ASCII.quote || byte == ASCII.backslash else { continue }
            append(text.extracting(plainStart..<index))
            append(jsonEscape: byte)
            plainStart = index + 1
        }
        append(text.extracting(plainStart..<text.count))
        append(ASCII.quote)
    }

    package mutating func append(jsonString text: String) {
        append(jsonString: Array(text.utf8).span)
    }

    private mutating func append(jsonEscape byte: UInt8) {
        append(ASCII.backslash)
        switch byte {
        case ASCII.quote, ASCII.backslash: append(byte)
        case ASCII.lineFeed: append(UInt8(ascii: "n"))
        case ASCII.carriageReturn: append(UInt8(ascii: "r"))
        case ASCII.tab: append(UInt8(ascii: "t"))
        default:
            append("u")
            append(hexadecimal: UInt64(byte), digitCount: 4)
        }
    }

    /// Appends a number in the shortest form that reads back the same; `null` for one that JSON cannot carry.
    package mutating func append(jsonNumber value: Double) {
        guard value.isFinite else { return append("null") }
        if value.magnitude < 0x1p53, value == value.rounded(.towardZero) {
            if value < 0 { append(ASCII.minus) }
            append(decimal: UInt64(value.magnitude))
        } else {
            append(value.description)
        }
    }

    /// Appends checked JSON text on one line. A line break in it can only be white space, and becomes a space.
    package mutating func append(jsonLine text: Span<UInt8>) {
        let length = text.count
        append(text)
        guard let base else { return }
        replaceLineBreaks(UnsafeMutableBufferPointer(start: base + end - length, count: length))
    }
}

/// Turns each line break of checked JSON text into a space, in place.
package func replaceLineBreaks(_ text: UnsafeMutableBufferPointer<UInt8>) {
    for index in text.indices where text[index] == ASCII.lineFeed || text[index] == ASCII.carriageReturn {
        text[index] = ASCII.space
    }
}
