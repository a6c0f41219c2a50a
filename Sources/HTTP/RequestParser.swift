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

/// The first line of a request: `method SP target SP version`, one space each.
struct RequestLine: Sendable {
    let method: Method
    let methodName: Range<Int>
    let target: RequestTarget
    let version: HTTPVersion

    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPFailure) {
        var methodEnd = range.lowerBound
        while methodEnd < range.upperBound, Syntax.isTokenByte(bytes[methodEnd]) { methodEnd += 1 }
        var targetEnd = range.upperBound
        while targetEnd > methodEnd, bytes[targetEnd - 1] != ASCII.space { targetEnd -= 1 }
        // targetEnd stands behind the last space, which must not be the one behind the method.
        guard methodEnd > range.lowerBound, targetEnd - 1 > methodEnd, bytes[methodEnd] == ASCII.space else {
            throw .badRequest("the request line is not of the form \"GET /path HTTP/1.1\"; correct it")
        }
        switch HTTPVersion.read(bytes.extracting(targetEnd..<range.upperBound)) {
        case .known(let version): self.version = version
        case .otherMajor:
            throw HTTPFailure(status: 505, detail: "only HTTP/1.1 and HTTP/1.0 are spoken here; use HTTP/1.1")
        case .malformed: throw .badRequest("the request line ends in no HTTP version; send HTTP/1.1")
        }
        methodName = range.lowerBound..<methodEnd
        let name = bytes.extracting(methodName)
        method = Method(name)
        if name.equals("CONNECT") {
            throw HTTPFailure(status: 501, detail: "this is no proxy; CONNECT is not supported")
        }
        target = try RequestTarget(bytes, (methodEnd + 1)..<(targetEnd - 1), method)
    }
}
