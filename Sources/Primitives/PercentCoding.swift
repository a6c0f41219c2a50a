/// Percent-encoding of URLs (RFC 3986 §2.1). `+` is always just a plus.
package enum PercentCoding {
    /// `text` with its escapes decoded; nil where one is malformed.
    package static func decoded(_ text: Span<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == ASCII.percent else {
                decoded.append(text[index])
                index += 1
                continue
            }
            guard index + 2 < text.count, let high = ASCII.hexValue(text[index + 1]),
                let low = ASCII.hexValue(text[index + 2])
            else { return nil }
            decoded.append(high << 4 | low)
            index += 3
        }
        return decoded
    }

    /// The items of a query, decoded, in order; nil where an escape is malformed. An item without `=` has an empty
    /// value. Empty items are left out.
    package static func items(_ query: Span<UInt8>) -> [(name: [UInt8], value: [UInt8])]? {
        var items: [(name: [UInt8], value: [UInt8])] = []
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != ASCII.ampersand { end += 1 }
            if end > start {
                var equals = start
                while equals < end, query[equals] != ASCII.equals { equals += 1 }
                guard let name = decoded(query.extracting(start..<equals)),
                    let value = decoded(query.extracting(min(equals + 1, end)..<end))
                else { return nil }
                items.append((name, value))
            }
            start = end + 1
        }
        return items
    }

    /// Whether a byte needs no escape anywhere in a URL (RFC 3986 §2.3).
    static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || byte == ASCII.minus || byte == ASCII.period
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
    }
}

extension ByteBuffer {
    /// Appends `text` for a path's segments or a query's value. `/`, `*` and `,` stay readable; other reserved bytes
    /// are escaped.
    package mutating func append(percentEncoded text: Span<UInt8>) {
        for index in text.indices {
            let byte = text[index]
            if PercentCoding.isUnreserved(byte) || byte == ASCII.slash || byte == ASCII.asterisk
                || byte == ASCII.comma
            {
                append(byte)
            } else {
                append(percentEscape: byte)
            }
        }
    }

    package mutating func append(percentEscape byte: UInt8) {
        append(ASCII.percent)
        append(hexadecimal: UInt64(byte), digitCount: 2)
    }
}
