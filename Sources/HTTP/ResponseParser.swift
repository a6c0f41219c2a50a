import Primitives

/// Reads the heads of responses for a client, one after another, from bytes that come in any pieces.
///
/// Strict about where a body ends; tolerant where RFC 9112 lets a user agent be: lone line feeds, continued
/// lines, a missing reason phrase.
package struct ResponseParser: Sendable {
    private let limits: RequestLimits
    private var scanner = HeadScanner(.response)
    private var line: StatusLine?
    private var fields = FieldCollector()

    package init(limits: RequestLimits = .init()) {
        self.limits = limits
    }

    /// The head that `bytes` begin with and how many of them it took; nil while it is not complete, and then
    /// the same bytes and more are given again. `method` is that of the request it answers.
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
