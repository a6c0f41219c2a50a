import Primitives

/// The method of a request. Any valid token is a method; `other` stands for those that this server never answers.
package enum Method: Sendable, Equatable {
    case get
    case head
    case post
    case put
    case delete
    case options
    /// A GET whose question stands in the body (draft-ietf-httpbis-safe-method-w-body).
    case query
    case other

    /// Methods are case-sensitive (RFC 9110 §9.1): `get` is `other`.
    package init(_ token: Span<UInt8>) {
        if token.equals("GET") {
            self = .get
        } else if token.equals("HEAD") {
            self = .head
        } else if token.equals("POST") {
            self = .post
        } else if token.equals("PUT") {
            self = .put
        } else if token.equals("DELETE") {
            self = .delete
        } else if token.equals("OPTIONS") {
            self = .options
        } else if token.equals("QUERY") {
            self = .query
        } else {
            self = .other
        }
    }
}
