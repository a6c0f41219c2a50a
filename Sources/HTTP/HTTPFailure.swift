/// Bytes that are not HTTP as we speak it, and the answer to them.
package struct HTTPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The status of the answer.
    package let status: Int
    /// What was wrong and what to do about it, in one sentence.
    package let detail: String
    /// The problem's name, for the body of the answer.
    package let code: String

    /// The default `code` is the one that fits the status, or `bad_request`.
    package init(status: Int, detail: String, code: String? = nil) {
        self.status = status
        self.detail = detail
        self.code = code ?? Self.code(for: status)
    }

    package var description: String { "\(status) \(code): \(detail)" }

    static func badRequest(_ detail: String) -> HTTPFailure {
        HTTPFailure(status: 400, detail: detail)
    }

    /// The bytes are no response. A proxy would answer 502 for such a server (RFC 9110 §15.6.3).
    static func badResponse(_ detail: String) -> HTTPFailure {
        HTTPFailure(status: 502, detail: detail)
    }

    private static func code(for status: Int) -> String {
        switch status {
        case 401: "unauthenticated"
        case 403: "forbidden"
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 413: "payload_too_large"
        case 429: "rate_limited"
        case 500: "internal"
        case 503: "overloaded"
        default: "bad_request"
        }
    }
}
