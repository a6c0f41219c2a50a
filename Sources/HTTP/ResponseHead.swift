import Primitives

/// A response without its body, as a client reads it.
package struct ResponseHead: Sendable {
    package let status: Int
    package let version: HTTPVersion
    package let fields: HeaderFields
    /// Where the response's body ends; that depends on the request too.
    package let bodyFraming: BodyFraming
    /// Whether the connection may stay for another request.
    package let isPersistent: Bool

    init(_ line: StatusLine, _ fields: HeaderFields, answering method: Method) throws(HTTPFailure) {
        status = line.status
        version = line.version
        self.fields = fields
        bodyFraming = try Self.framing(line, fields, method)
        isPersistent = bodyFraming != .untilClose && fields.isPersistent(line.version)
    }

    /// Whether this is an interim response, which a final one follows. 101 is final: HTTP ends there.
    package var isInterim: Bool { status < 200 && status != 101 }

    /// The value of the first field named `name`, in any case, or nil.
    package func field(_ name: StaticString) -> [UInt8]? { fields.first(name) }

    /// The values of all fields named `name`, in order.
    package func fields(named name: StaticString) -> [[UInt8]] { fields.all(name) }

    /// Whether a comma-separated field such as Connection or Upgrade lists `token`, in any case.
    package func hasToken(_ token: StaticString, in name: StaticString) -> Bool {
        fields.hasToken(token, in: name)
    }

    /// The rules of RFC 9112 §6.3, in their order.
    private static func framing(
        _ line: StatusLine, _ fields: HeaderFields, _ method: Method
    ) throws(HTTPFailure) -> BodyFraming {
        if method == .head || line.status < 200 || line.status == 204 || line.status == 304 { return .none }
        switch fields.declaredFraming(line.version) {
        case .none: return .untilClose
        case .length(let length): return .length(length)
        case .chunked: return .chunked
        case .unknownCoding: throw .badResponse("the server sends a transfer coding that is not known here")
        case .malformed(let detail):
            if let length = repeatedLength(fields) { return .length(length) }
            throw .badResponse(detail)
        }
    }

    /// Broken proxies repeat the same Content-Length. A repeated equal value harms no reader.
    private static func repeatedLength(_ fields: HeaderFields) -> Int? {
        guard fields.values("Transfer-Encoding").isEmpty else { return nil }
        let span = fields.bytes.span
        var length: UInt64?
        for value in fields.values("Content-Length") {
            var elements = ListCursor(value)
            while let element = elements.next(in: span) {
                guard let stated = span.extracting(element).decimal, stated == length ?? stated else {
                    return nil
                }
                length = stated
            }
        }
        return length.flatMap { Int(exactly: $0) }
    }
}
