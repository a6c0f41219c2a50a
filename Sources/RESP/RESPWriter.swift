/// Writes commands: each an array of bulk strings.
package import Primitives

/// A word of a command: a name, a key or a value.
package enum RESPWord: Sendable, Equatable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    case text(String)
    case bytes([UInt8])
    case number(Int64)

    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral number: Int64) { self = .number(number) }
}

extension ByteBuffer {
    package mutating func append(command words: [RESPWord]) {
        append(commandOf: words.count)
        for word in words {
            switch word {
            case .text(let text): append(word: text)
            case .bytes(let bytes): append(word: bytes.span)
            case .number(let number): append(word: String(number))
            }
        }
    }

    /// Begins a command; exactly `wordCount` words must follow.
    package mutating func append(commandOf wordCount: Int) {
        append(ASCII.asterisk)
        append(decimal: UInt64(wordCount))
        append("\r\n")
    }

    package mutating func append(word bytes: Span<UInt8>) {
        beginWord(byteCount: bytes.count)
        append(bytes)
        append("\r\n")
    }

    package mutating func append(word text: String) {
        beginWord(byteCount: text.utf8.count)
        append(text)
        append("\r\n")
    }

    private mutating func beginWord(byteCount: Int) {
        append(UInt8(ascii: "$"))
        append(decimal: UInt64(byteCount))
        append("\r\n")
    }
}
