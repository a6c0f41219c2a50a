import Primitives

/// Reads the heads of HTTP/1.1 requests (RFC 9112), one after another, from bytes cut anywhere.
///
/// It is as strict as the standard allows: it refuses bytes that two readers could understand differently.
package struct RequestParser: Sendable {
    /// An eager client may send empty lines before its request (RFC 9112 §2.2), but not endlessly.
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

    /// The head at the start of `bytes`, and its length. Nil while it is incomplete: pass the same bytes again, and
    /// more. After a head or a failure the parser is ready for the next request.
    ///
    /// Complexity: the parser looks at each byte once for its line and once for its meaning, however often it is
    /// passed.
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

    /// Bytes ever scanned for line ends. A slow drip must not raise it.
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
