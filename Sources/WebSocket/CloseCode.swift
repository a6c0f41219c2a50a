/// Why a connection ends, as a close frame says it (RFC 6455 §7.4 and its IANA registry).
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The connection has served its purpose.
    package static let normal = CloseCode(rawValue: 1000)
    /// The endpoint goes away: a server drains, a browser leaves the page.
    package static let goingAway = CloseCode(rawValue: 1001)
    /// The peer broke the framing rules.
    package static let protocolError = CloseCode(rawValue: 1002)
    /// This endpoint does not take messages of this kind, such as binary.
    package static let unsupportedData = CloseCode(rawValue: 1003)
    /// The message contradicts its kind: text that is not UTF-8, or compressed bytes that do not inflate.
    package static let invalidPayload = CloseCode(rawValue: 1007)
    /// The peer did something that this endpoint forbids.
    package static let policyViolation = CloseCode(rawValue: 1008)
    /// The message is larger than this endpoint accepts.
    package static let messageTooBig = CloseCode(rawValue: 1009)
    /// The client needs an extension that the server did not agree to.
    package static let mandatoryExtension = CloseCode(rawValue: 1010)
    /// This endpoint met an unexpected condition.
    package static let internalError = CloseCode(rawValue: 1011)
    /// The server restarts; come back after a jittered delay.
    package static let serviceRestart = CloseCode(rawValue: 1012)
    /// The server is overloaded; come back later.
    package static let tryAgainLater = CloseCode(rawValue: 1013)
    /// A server behind this one gave a wrong answer.
    package static let badGateway = CloseCode(rawValue: 1014)

    /// Whether a close frame may carry this code. 1004 is unassigned. 1005, 1006 and 1015 never travel: an endpoint
    /// only notes them. 3000 to 4999 belong to libraries and applications.
    package var mayTravel: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
