/// Standard output and error, written with care: if the reading end has gone, the program ends quietly.
internal import Glibc
internal import Primitives

/// Nobody reads standard output any more.
struct BrokenPipe: Error {}

enum Console {
    /// Opens what of standard input, output and error was closed. Otherwise the next file or connection would get that number,
    /// and what is meant for people would be written to it.
    static func fillGaps() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // Takes the lowest free number. If it fails, nothing else can be opened either.
            _ = open("/dev/null", O_RDWR)
        }
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Whether to use colours on `descriptor` (https://no-color.org).
    static func wantsColour(_ descriptor: Int32) -> Bool {
        isTerminal(descriptor) && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    /// The terminal's width; nil if standard output is none.
    static var width: Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// Writes one line to standard error. If that fails, there is no other place to report it.
    static func note(_ line: String) {
        var text = ByteBuffer()
        text.append(printable: Array(line.utf8).span)
        text.append(ASCII.lineFeed)
        _ = writeAll(STDERR_FILENO, &text)
    }

    /// Writes one line to standard error, in red where there are colours.
    static func warn(_ line: String) {
        guard wantsColour(STDERR_FILENO) else { return note(line) }
        var text = ByteBuffer()
        text.append("\u{1B}[31m")
        text.append(printable: Array(line.utf8).span)
        text.append("\u{1B}[0m\n")
        _ = writeAll(STDERR_FILENO, &text)
    }

    /// Writes one text and a line break to standard output.
    static func show(_ text: String) throws {
        var output = ByteBuffer()
        output.append(text)
        output.append(ASCII.lineFeed)
        try flush(&output)
    }

    /// Writes and empties `text`.
    static func flush(_ text: inout ByteBuffer) throws {
        guard writeAll(STDOUT_FILENO, &text) else { throw BrokenPipe() }
    }

    private static func writeAll(_ descriptor: Int32, _ text: inout ByteBuffer) -> Bool {
        while !text.isEmpty {
            let count = write(descriptor, text.unsafeBytes.baseAddress, text.count)
            if count > 0 {
                text.consume(count)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if errno != EINTR {
                text.removeAll()
                return false
            }
        }
        return true
    }
}

extension ByteBuffer {
    /// Appends text of others so that it cannot steer a terminal: control characters, including U+0080 to U+009F,
    /// become `?`.
    mutating func append(printable text: Span<UInt8>) {
        let start = count
        append(text)
        var previous: UInt8 = 0
        replaceBytes(from: start, with: UInt8(ascii: "?")) { byte in
            defer { previous = byte }
            if byte < 0x20 || byte == ASCII.delete { return true }
            return previous == 0xC2 && byte < 0xA0
        }
    }
}
