import Primitives

/// Finds the lines of a message's head in bytes that come piece by piece, each byte looked at once.
///
/// Whatever the pieces, the same bytes are refused at the same byte.
struct HeadScanner: Sendable {
    enum Strictness: Sendable {
        /// Lines end in CRLF and nothing else: what two readers could take differently is refused.
        case request
        /// A lone line feed ends a line too (RFC 9112 §2.2).
        case response
    }

    private let strictness: Strictness
    /// The first byte not looked at yet.
    private(set) var position = 0
    private var lineStart = 0
    /// Bytes looked at in the scanner's whole life: what a slow drip costs.
    private(set) var scannedByteCount = 0

    init(_ strictness: Strictness) {
        self.strictness = strictness
    }

    /// Starts anew, at the first byte of the next head.
    mutating func reset() {
        position = 0
        lineStart = 0
    }

    /// The next line without its end; nil while it is not complete.
    ///
    /// A line whose content reaches `bound` is too long, and refused as soon as it does.
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
            if byte != ASCII.carriageReturn {
                guard position < bound else { throw tooLong() }
                guard Syntax.isFieldByte(byte) else {
                    throw refusal("a control character stands in the head; remove it")
                }
            }
            position += 1
        }
        return nil
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

/// Collects the field lines of a head, from the line after its first to the empty one.
struct FieldCollector: Sendable {
    private(set) var lines: [FieldLine] = []
    /// Whether a line was continued on the next: obsolete, refused in requests, a space in responses.
    private(set) var hasFolds = false
    /// Where the first field line starts, once it is known.
    private var start: Int?

    /// Reads the lines that are complete; true when the empty one that ends the head was among them.
    mutating func collect(
        _ bytes: Span<UInt8>, by scanner: inout HeadScanner, limits: RequestLimits, toleratesFolds: Bool
    ) throws(HTTPFailure) -> Bool {
        let first = start ?? scanner.position
        start = first
        while let line = try scanner.nextLine(
            bytes, bound: first + limits.headerByteCount,
            tooLong: HTTPFailure(
                status: 431, detail: "the fields exceed \(limits.headerByteCount) bytes; send fewer"))
        {
            if line.isEmpty { return true }
            if toleratesFolds, !lines.isEmpty, Syntax.isWhiteSpace(bytes[line.lowerBound]) {
                fold(Syntax.trimmed(line, of: bytes))
                continue
            }
            guard lines.count < limits.headerFieldCount else {
                throw HTTPFailure(
                    status: 431, detail: "more than \(limits.headerFieldCount) fields; send fewer")
            }
            guard let parsed = FieldLine(bytes, line) else {
                throw scanner.refusal("a field line is not of the form \"name: value\"; correct it")
            }
            lines.append(parsed)
        }
        return false
    }

    /// Makes `continuation` part of the last field's value (RFC 9112 §5.2).
    private mutating func fold(_ continuation: Range<Int>) {
        guard !continuation.isEmpty else { return }
        let value = lines[lines.count - 1].value
        lines[lines.count - 1].value =
            (value.isEmpty ? continuation.lowerBound : value.lowerBound)..<continuation.upperBound
        hasFolds = hasFolds || !value.isEmpty
    }
}
