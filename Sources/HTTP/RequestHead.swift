import Primitives

/// A request without its body: method, target and fields.
///
/// It owns the head's bytes once. All else is a range of them, copied when a caller asks for it.
package struct RequestHead: Sendable {
    package let method: Method
    package let version: HTTPVersion
    package let fields: HeaderFields
    /// Where the request's body ends; never `untilClose`.
    package let bodyFraming: BodyFraming
    /// Whether the client waits for a 100 before it sends the body.
    package let expectsContinue: Bool
    /// Whether the connection may stay for another request (RFC 9112 §9.3).
    package let isPersistent: Bool
    private let methodRange: Range<Int>
    private let target: RequestTarget

    init(_ line: RequestLine, _ fields: HeaderFields) throws(HTTPFailure) {
        method = line.method
        methodRange = line.methodName
        target = line.target
        version = line.version
        self.fields = fields
        try Self.checkHost(fields, line.version)
        let framing = try Self.framing(fields, line.version)
        bodyFraming = framing
        let expects = try Self.expectsContinue(fields)
        let hasBody = framing != .none && framing != .length(0)
        expectsContinue = expects && hasBody && line.version == .http11
        isPersistent = fields.isPersistent(line.version)
    }

    // MARK: What is asked for

    package var methodName: String { fields.bytes.span.extracting(methodRange).text }

    /// The path as sent: still percent-encoded, without the query.
    package var path: [UInt8] {
        if target.path.isEmpty { return [method == .options ? ASCII.asterisk : ASCII.slash] }
        return Array(fields.bytes[target.path])
    }

    /// The query as sent, without the `?`.
    package var query: [UInt8] { Array(fields.bytes[target.query]) }

    /// The path with its escapes decoded, even `%2F`, and otherwise unchanged; nil where one is malformed.
    package var decodedPath: [UInt8]? { PercentCoding.decoded(path.span) }

    /// The query's items, decoded, in order; nil where an escape is malformed.
    package func queryItems() -> [(name: [UInt8], value: [UInt8])]? {
        PercentCoding.items(fields.bytes.span.extracting(target.query))
    }

    /// The host, and the port if there is one. An absolute URL in the request line wins over the Host field.
    package var authority: [UInt8]? {
        if let range = target.authority { return Array(fields.bytes[range]) }
        return field("Host")
    }

    // MARK: Fields

    /// The value of the first field named `name`, in any case, or nil.
    package func field(_ name: StaticString) -> [UInt8]? { fields.first(name) }

    /// The values of all fields named `name`, in order.
    package func fields(named name: StaticString) -> [[UInt8]] { fields.all(name) }

    /// Whether a comma-separated field such as Connection or Upgrade lists `token`, in any case.
    package func hasToken(_ token: StaticString, in name: StaticString) -> Bool {
        fields.hasToken(token, in: name)
    }

    // MARK: Rules

    /// HTTP/1.1 needs exactly one Host, HTTP/1.0 at most one, and it must be valid (RFC 9112 §3.2).
    private static func checkHost(_ fields: HeaderFields, _ version: HTTPVersion) throws(HTTPFailure) {
        let hosts = fields.values("Host")
        guard hosts.count == 1 || (hosts.isEmpty && version == .http10) else {
            throw .badRequest(hosts.isEmpty ? "Host is missing; send it" : "more than one Host; send it once")
        }
        for host in hosts where !Syntax.isAuthority(fields.bytes.span.extracting(host)) {
            throw .badRequest("Host is not a valid host; send \"name\" or \"name:port\"")
        }
    }

    private static func framing(
        _ fields: HeaderFields, _ version: HTTPVersion
    ) throws(HTTPFailure) -> BodyFraming {
        switch fields.declaredFraming(version) {
        case .none: return .none
        case .length(let length): return .length(length)
        case .chunked: return .chunked
        case .unknownCoding:
            throw HTTPFailure(status: 501, detail: "the transfer coding is not known here; send \"chunked\"")
        case .malformed(let detail): throw .badRequest(detail)
        }
    }

    /// `100-continue` is the only expectation there is (RFC 9110 §10.1.1).
    private static func expectsContinue(_ fields: HeaderFields) throws(HTTPFailure) -> Bool {
        let span = fields.bytes.span
        let expectations = fields.values("Expect")
        for range in expectations where !ASCII.equalIgnoringCase(span.extracting(range), "100-continue") {
            throw HTTPFailure(status: 417, detail: "no Expect but \"100-continue\" is understood; drop it")
        }
        return !expectations.isEmpty
    }
}
