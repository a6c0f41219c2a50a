import Primitives

/// The target of a request line: where its path, query and authority are in the head's bytes.
struct RequestTarget: Sendable {
    /// Empty for an absolute form without a path, which means `/` (or `*`, for OPTIONS).
    let path: Range<Int>
    /// Without the `?`; empty without a query.
    let query: Range<Int>
    /// Of the absolute form only. It replaces the Host field (RFC 9112 §3.2.2).
    let authority: Range<Int>?

    /// Reads the origin, absolute or asterisk form (RFC 9112 §3.2).
    ///
    /// Any byte that does not end the target or the line is accepted, as other servers do: `curl` sends the shell's
    /// words unescaped. The code that uses the path decides what it may contain.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, _ method: Method) throws(HTTPFailure) {
        for index in range where bytes[index] <= ASCII.space || bytes[index] == UInt8(ascii: "#") {
            throw .badRequest("a byte in the request's target must be percent-encoded")
        }
        var start = range.lowerBound
        if bytes.extracting(range).equals("*") {
            guard method == .options else { throw .badRequest("only OPTIONS may ask for \"*\"; send a path") }
            (path, query, authority) = (range, range.upperBound..<range.upperBound, nil)
            return
        }
        if range.isEmpty || bytes[start] != ASCII.slash {
            let found = try Self.authority(bytes, range)
            authority = found
            start = found.upperBound
        } else {
            authority = nil
        }
        var question = start
        while question < range.upperBound, bytes[question] != ASCII.question { question += 1 }
        path = start..<question
        query = min(question + 1, range.upperBound)..<range.upperBound
    }

    /// The authority of `http://authority/path`.
    private static func authority(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPFailure) -> Range<Int> {
        var start = range.lowerBound
        let text = bytes.extracting(range)
        if text.count > 7, ASCII.equalIgnoringCase(text.extracting(0..<7), "http://") {
            start += 7
        } else if text.count > 8, ASCII.equalIgnoringCase(text.extracting(0..<8), "https://") {
            start += 8
        } else {
            throw .badRequest("the request's target is neither a path nor an http URL; send a path")
        }
        var end = start
        while end < range.upperBound, bytes[end] != ASCII.slash, bytes[end] != ASCII.question { end += 1 }
        guard end > start, Syntax.isAuthority(bytes.extracting(start..<end)) else {
            throw .badRequest("the URL names no valid host; send a host and a path")
        }
        return start..<end
    }
}
