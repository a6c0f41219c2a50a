import Primitives

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
        // targetEnd is behind the last space, which must not be the space behind the method.
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
