/// One line an event: text for people on a terminal, JSON for machines. A line never contains a value or a token.
internal import Glibc
internal import Primitives

/// Any thread. A line is one write, so the lines of several threads do not mix.
package struct Log: Sendable {
    /// Writes nothing.
    package static let silent = Log(level: .error, format: .json, descriptor: -1)

    package enum Level: String, Sendable, CaseIterable, Comparable {
        case debug
        case info
        case warning
        case error

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    package enum Format: String, Sendable, CaseIterable {
        /// People on a terminal, JSON elsewhere.
        case auto
        case text
        case json
    }

    /// A named detail of an event.
    package enum Field: Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    private let level: Level
    private let isJSON: Bool
    private let descriptor: Int32

    package init(level: Level = .info, format: Format = .auto, descriptor: Int32 = STDERR_FILENO) {
        self.level = level
        self.descriptor = descriptor
        isJSON = format == .json || format == .auto && isatty(descriptor) == 0
    }

    /// Builds the fields only if the level is on, because hot paths call this.
    package func debug(_ event: String, _ fields: @autoclosure () -> KeyValuePairs<String, Field> = [:]) {
        if level == .debug { line(.debug, event, Array(fields())) }
    }
    package func info(_ event: String, _ fields: KeyValuePairs<String, Field> = [:]) {
        line(.info, event, Array(fields))
    }
    package func warning(_ event: String, _ fields: KeyValuePairs<String, Field> = [:]) {
        line(.warning, event, Array(fields))
    }
    package func error(_ event: String, _ fields: KeyValuePairs<String, Field> = [:]) {
        line(.error, event, Array(fields))
    }

    package typealias NamedField = (key: String, value: Field)

    package func line(_ level: Level, _ event: String, _ fields: [NamedField]) {
        guard level >= self.level, descriptor >= 0 else { return }
        var line = ByteBuffer(capacity: 256)
        if isJSON { appendJSON(level, event, fields, &line) } else { appendText(level, event, fields, &line) }
        line.append(ASCII.lineFeed)
        // A log that nobody reads must not stop the gateway, so a line that does not fit is dropped.
        _ = Glibc.write(descriptor, line.unsafeBytes.baseAddress, line.count)
    }

    private func appendJSON(
        _ level: Level, _ event: String, _ fields: [NamedField], _ line: inout ByteBuffer
    ) {
        line.append("{\"time\":")
        line.append(decimal: UnixTime.now().milliseconds)
        line.append(",\"level\":\"")
        line.append(level.rawValue)
        line.append("\",\"event\":")
        line.append(jsonString: event)
        for (name, field) in fields {
            line.append(ASCII.comma)
            line.append(jsonString: name)
            line.append(ASCII.colon)
            switch field {
            case .text(let text): line.append(jsonString: text)
            case .integer(let value): line.append(String(value))
            case .number(let value): line.append(jsonNumber: value)
            }
        }
        line.append(ASCII.closeBrace)
    }

    private func appendText(
        _ level: Level, _ event: String, _ fields: [NamedField], _ line: inout ByteBuffer
    ) {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        for (part, separator) in [(parts.tm_hour, ":"), (parts.tm_min, ":"), (parts.tm_sec, " ")] {
            line.append((part < 10 ? "0" : "") + String(part) + separator)
        }
        if level != .info { line.append(level.rawValue + ": ") }
        line.append(event)
        for (name, field) in fields {
            line.append("  " + name + "=")
            switch field {
            case .text(let text): line.append(text)
            case .integer(let value): line.append(String(value))
            case .number(let value): line.append(jsonNumber: value)
            }
        }
    }
}
