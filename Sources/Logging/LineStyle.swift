/// How an event looks as a line. Whatever a peer sent, a line stays one line, its fields stay apart, and a terminal that shows
/// it is not steered by it.
internal import Glibc
internal import Primitives

struct LineStyle: Sendable {
    let isJSON: Bool

    /// Appends the line with its line feed.
    func append(
        _ event: Log.Event, _ fields: [Log.NamedField], at time: UnixTime, to line: inout ByteBuffer
    ) {
        if isJSON {
            Self.appendJSON(event, fields, time, &line)
        } else {
            Self.appendText(event, fields, time, &line)
        }
        line.append(ASCII.lineFeed)
    }

    private static func appendJSON(
        _ event: Log.Event, _ fields: [Log.NamedField], _ time: UnixTime, _ line: inout ByteBuffer
    ) {
        line.append("{\"time\":")
        line.append(decimal: time.milliseconds)
        line.append(",\"level\":\"")
        line.append(event.level.rawValue)
        line.append("\",\"event\":")
        line.append(quoted: event.rawValue)
        for (name, field) in fields {
            line.append(ASCII.comma)
            line.append(quoted: name)
            line.append(ASCII.colon)
            switch field {
            case .text(let text): line.append(quoted: text)
            case .integer(let value): line.append(String(value))
            case .number(let value): line.append(jsonNumber: value)
            }
        }
        line.append(ASCII.closeBrace)
    }

    private static func appendText(
        _ event: Log.Event, _ fields: [Log.NamedField], _ time: UnixTime, _ line: inout ByteBuffer
    ) {
        var seconds = Int(time.milliseconds / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        for (part, separator) in [(parts.tm_hour, ":"), (parts.tm_min, ":"), (parts.tm_sec, " ")] {
            line.append((part < 10 ? "0" : "") + String(part) + separator)
        }
        if event.level != .info { line.append(event.level.rawValue + ": ") }
        line.append(event.rawValue)
        for (name, field) in fields {
            line.append("  " + name + "=")
            switch field {
            case .text(let text) where text.isPlain: line.append(text)
            case .text(let text): line.append(quoted: text)
            case .integer(let value): line.append(String(value))
            case .number(let value): line.append(jsonNumber: value)
            }
        }
    }
}

extension String {
    /// Whether it can stand in a line of text without quotes, because it looks like nothing else than one value.
    fileprivate var isPlain: Bool {
        !isEmpty
            && unicodeScalars.allSatisfy {
                !$0.isInvisible && !$0.properties.isWhitespace && $0 != "\"" && $0 != "\\" && $0 != "="
            }
    }
}

extension Unicode.Scalar {
    /// Whether it does something other than to be seen: it steers a terminal, breaks the line, turns the direction of what
    /// follows, or hides. C0, DEL and C1 are among them.
    fileprivate var isInvisible: Bool {
        if isASCII { return value < 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}

extension ByteBuffer {
    /// Appends `text` as a JSON string (RFC 8259 §7) that shows what else could not be seen. A Swift string is valid UTF-8.
    fileprivate mutating func append(quoted text: String) {
        append(ASCII.quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case _ where scalar.isInvisible: append(escaped: scalar)
            default: for byte in UTF8.encode(scalar).unsafelyUnwrapped { append(byte) }
            }
        }
        append(ASCII.quote)
    }

    /// `\u001b`; a character beyond the first 65,536 takes two of these.
    private mutating func append(escaped scalar: Unicode.Scalar) {
        for unit in scalar.utf16 {
            append("\\u")
            append(hexadecimal: UInt64(unit), digitCount: 4)
        }
    }
}
