/// How a message says where its body ends (RFC 9112 §6.3).
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// This many bytes follow the head; 0 if the message said so.
    case length(Int)
    case chunked
    /// The body is everything until the sender closes: responses only.
    case untilClose

    /// Whether bytes of a body follow, or may follow.
    package var hasBody: Bool { self != .none && self != .length(0) }
}
