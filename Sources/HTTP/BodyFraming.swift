/// How a message says where its body ends (RFC 9112 §6.3).
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// So many bytes follow the head; also 0, when the message said so.
    case length(Int)
    case chunked
    /// All that comes until the sender closes: responses only.
    case untilClose

    /// Whether bytes of a body follow, or may.
    package var hasBody: Bool { self != .none && self != .length(0) }
}
