import Primitives

/// Reads the heads of HTTP/1.1 requests (RFC 9112), one after another, from bytes that come in any pieces.
///
/// As strict as the standard allows a server to be: what two readers could understand differently is refused.
package struct RequestParser: Sendable {
    /// An eager client may send empty lines before its request (RFC 9112 §2.2), but not for ever.
    private static let maximumLeadingByteCount = 64

    private let limits: RequestLimits
    private var scanner = HeadScanner(.request)
    /// Where the request line starts, behind the empty lines.
    private var start = 0
    private var line: RequestLine?
    private var fields = FieldCollector()

    package init(limits: RequestLimits = .init()) {
        self.limits = limits
    }

    /// The head that `bytes` begin with and how many of them it took; nil while it is not complete, and then
    /// the same bytes and more are given again. Ready for the next request after a head and after a failure.
    ///
    /// Complexity: each byte is looked at once for its line and once for its meaning, however often it is given.
    package mutating func parse(
        _ bytes: Span<UInt8>
    ) throws(HTTPFailure) -> (head: RequestHead, byteCount: Int)? {
        do throws(HTTPFailure) {
            guard let head = try proceed(bytes) else { return nil }
            let byteCount = scanner.position
            reset()
            return (head, byteCount)
        } catch {
            reset()
            throw error
        }
    }

    /// Bytes looked for line ends in the parser's life: a slow drip must not raise it.
    package var scannedByteCount: Int { scanner.scannedByteCount }

    private mutating func reset() {
        scanner.reset()
        start = 0
        line = nil
        fields = FieldCollector()
    }

    private mutating func proceed(_ bytes: Span<UInt8>) throws(HTTPFailure) -> RequestHead? {
        if line == nil { line = try nextRequestLine(bytes) }
        guard let line,
            try fields.collect(bytes, by: &scanner, limits: limits, toleratesFolds: false)
        else { return nil }
        return try RequestHead(line, HeaderFields(bytes.extracting(0..<scanner.position), fields))
    }

    private mutating func nextRequestLine(_ bytes: Span<UInt8>) throws(HTTPFailure) -> RequestLine? {
        while let range = try scanner.nextLine(
            bytes, bound: start + limits.requestLineByteCount,
            tooLong: HTTPFailure(
                status: 414,
                detail: "the request line exceeds \(limits.requestLineByteCount) bytes; shorten the URL"))
        {
            if !range.isEmpty { return try RequestLine(bytes, range) }
            start = scanner.position
            guard start <= Self.maximumLeadingByteCount else {
                throw .badRequest("too many empty lines before the request; send none")
            }
        }
        return nil
    }
}
