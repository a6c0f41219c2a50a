import Primitives

/// Reads the heads of responses for a client, one after another, from bytes cut anywhere.
///
/// It is strict about where a body ends. It tolerates what RFC 9112 lets a user agent tolerate: lone line feeds,
/// continued lines, a missing reason phrase.
package struct ResponseParser: Sendable {
    private let limits: RequestLimits
    private var scanner = HeadScanner(.response)
    private var line: StatusLine?
    private var fields = FieldCollector()

    package init(limits: RequestLimits = .init()) {
        self.limits = limits
    }

    /// The head at the start of `bytes`, and its length. Nil while it is incomplete: pass the same bytes again, and
    /// more. `method` is the method of the request that it answers.
    package mutating func parse(
        _ bytes: Span<UInt8>, answering method: Method = .get
    ) throws(HTTPFailure) -> (head: ResponseHead, byteCount: Int)? {
        do throws(HTTPFailure) {
            guard let head = try proceed(bytes, method) else { return nil }
            let byteCount = scanner.position
            reset()
            return (head, byteCount)
        } catch {
            reset()
            throw error
        }
    }

    private mutating func reset() {
        scanner.reset()
        line = nil
        fields = FieldCollector()
    }

    private mutating func proceed(
        _ bytes: Span<UInt8>, _ method: Method
    ) throws(HTTPFailure) -> ResponseHead? {
        if line == nil {
            let limit = limits.requestLineByteCount
            guard
                let range = try scanner.nextLine(
                    bytes, bound: limit, tooLong: .badResponse("the status line exceeds \(limit) bytes"))
            else { return nil }
            line = try StatusLine(bytes, range)
        }
        guard let line,
            try fields.collect(bytes, by: &scanner, limits: limits, toleratesFolds: true)
        else { return nil }
        let fields = HeaderFields(bytes.extracting(0..<scanner.position), fields)
        return try ResponseHead(line, fields, answering: method)
    }
}
