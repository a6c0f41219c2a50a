import Primitives

/// Collects the field lines of a head, from the line after the first to the empty one.
struct FieldCollector: Sendable {
    private(set) var lines: [FieldLine] = []
    /// Whether a line was continued on the next. That is obsolete: requests are refused, responses get a space.
    private(set) var hasFolds = false
    /// Where the first field line starts, once it is known.
    private var start: Int?

    /// Reads the complete lines; true once it has read the empty line that ends the head.
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

    /// Appends `continuation` to the last field's value (RFC 9112 §5.2).
    private mutating func fold(_ continuation: Range<Int>) {
        guard !continuation.isEmpty else { return }
        let value = lines[lines.count - 1].value
        lines[lines.count - 1].value =
            (value.isEmpty ? continuation.lowerBound : value.lowerBound)..<continuation.upperBound
        hasFolds = hasFolds || !value.isEmpty
    }
}
