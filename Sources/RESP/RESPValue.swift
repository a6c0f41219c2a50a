/// What a Redis server says in one reply (RESP2), or an element of a reply.
package enum RESPValue: Sendable, Equatable {
    /// A simple string: `OK`, `PONG`.
    case text(String)
    case error(RESPError)
    case integer(Int64)
    case bulk([UInt8])
    /// The null bulk string or the null array: there is nothing.
    case null
    case array([RESPValue])
}

extension RESPValue {
    /// The bytes of a simple or bulk string; nil for anything else.
    package var bytes: [UInt8]? {
        switch self {
        case .text(let text): Array(text.utf8)
        case .bulk(let bytes): bytes
        case .error, .integer, .null, .array: nil
        }
    }

    /// The same as text; bytes that are not UTF-8 become U+FFFD.
    package var string: String? {
        switch self {
        case .text(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .error, .integer, .null, .array: nil
        }
    }

    /// An integer, or a string of its digits: a server says many numbers as strings.
    package var number: Int64? {
        if case .integer(let number) = self { return number }
        return string.flatMap { Int64($0) }
    }

    package var elements: [RESPValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    package var error: RESPError? {
        if case .error(let error) = self { return error }
        return nil
    }
}

/// Why a server did not do what it was told: a value like any other, since the connection goes on.
package struct RESPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// All that the server said: `MOVED 3999 127.0.0.1:6381`.
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The first word where it is one of capitals, as `MOVED`, `NOSCRIPT` and `TGEPOCH`, else `ERR`.
    package var code: String {
        let word = text.prefix { $0 != " " }
        let isCode = !word.isEmpty && word.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isCode ? String(word) : "ERR"
    }

    /// What stands behind the code.
    package var detail: String {
        text.hasPrefix(code) ? String(text.dropFirst(code.count).drop { $0 == " " }) : text
    }

    package var description: String { text }
}
