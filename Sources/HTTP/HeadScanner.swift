import Primitives

/// Finds the lines of a message's head in bytes that come piece by piece. It looks at each byte once.
///
/// It refuses the same bytes at the same byte, wherever they were cut.
struct HeadScanner: Sendable {
    enum Strictness: Sendable {
        /// Lines end in CRLF and nothing else: two readers must never disagree about where a line ends.
        case request
        /// A lone line feed ends a line too (RFC 9112 §2.2).
        case response
    }

    private let strictness: Strictness
    /// The first byte that is not scanned yet.
    private(set) var position = 0
    private var lineStart = 0
    /// All bytes ever scanned: what a slow drip costs.
    private(set) var scannedByteCount = 0

    init(_ strictness: Strictness) {
        self.strictness = strictness
    }

    /// Starts anew, at the first byte of the next head.
    mutating func reset() {
        position = 0
        lineStart = 0
    }

    /// The next line without its end; nil while it is incomplete.
    ///
    /// A line whose content reaches `bound` is too long; the scanner refuses it at that byte.
    mutating func nextLine(
        _ bytes: Span<UInt8>, bound: Int, tooLong: @autoclosure () -> HTTPFailure
    ) throws(HTTPFailure) -> Range<Int>? {
        precondition(bytes.count >= position, "a parser is given the same bytes again, and more")
        let first = position
        defer { scannedByteCount &+= position - first }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == ASCII.lineFeed { return try endLine(bytes) }
            if position > lineStart, bytes[position - 1] == ASCII.carriageReturn {
                throw refusal("a carriage return stands alone; end lines with CRLF")
            }
            if byte == ASCII.carriageReturn {
                position += 1
            } else {
                guard position < bound else { throw tooLong() }
                guard Syntax.isFieldByte(byte) else {
                    throw refusal("a control character stands in the head; remove it")
                }
                skipFieldBytes(bytes, bound: bound)
            }
        }
        return nil
    }

    /// Skips bytes that cannot end a line: nearly all of a head.
    private mutating func skipFieldBytes(_ bytes: Span<UInt8>, bound: Int) {
        let end = min(bytes.count, bound)
        var place = position
        while place < end, Syntax.isFieldByte(bytes[place]) { place += 1 }
        position = place
    }

    private mutating func endLine(_ bytes: Span<UInt8>) throws(HTTPFailure) -> Range<Int> {
        let hasReturn = position > lineStart && bytes[position - 1] == ASCII.carriageReturn
        guard hasReturn || strictness == .response else {
            throw refusal("a line feed stands alone; end lines with CRLF")
        }
        let line = lineStart..<(hasReturn ? position - 1 : position)
        position += 1
        lineStart = position
        return line
    }

    func refusal(_ detail: String) -> HTTPFailure {
        strictness == .request ? .badRequest(detail) : .badResponse(detail)
    }
}
