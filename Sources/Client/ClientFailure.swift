/// Why a request, or a link of a subscription, failed or ended.
package enum ClientFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection could be made.
    case unreachable(url: String, reason: String)
    /// The server could not show that it is the one that was meant.
    case untrusted(url: String, reason: String)
    /// A connection ended or broke before it was due.
    case lost(reason: String)
    /// Nothing came for so long that the link must be dead.
    case silence(seconds: Int)
    /// The gateway refused the request.
    case refused(Problem)
    /// The gateway closed a WebSocket, with a code unless the close frame was empty.
    case closed(code: UInt16?, reason: String)
    /// The gateway asked this client to leave, and said when to come back.
    case goodbye(reason: String, reconnectAfterMilliseconds: UInt64?)
    /// The peer does not speak the protocol.
    case violation(String)
    /// The gateway has nothing more to say, for good (204).
    case finished
    /// This side asked for the end.
    case stopped

    package var description: String {
        switch self {
        case .unreachable(let url, let reason): "cannot connect to \(url): \(reason)"
        case .untrusted(let url, let reason): "cannot trust \(url): \(reason)"
        case .lost(let reason): "connection lost: \(reason)"
        case .silence(let seconds): "no sign of life for \(seconds) s"
        case .refused(let problem): "refused: \(problem)"
        case .closed(let code, let reason):
            "closed by the gateway (\(code.map { String($0) } ?? "no code"))"
                + (reason.isEmpty ? "" : ": \(reason)")
        case .goodbye("draining", _): "the gateway is restarting"
        case .goodbye(let reason, _): "the gateway says goodbye" + (reason.isEmpty ? "" : ": \(reason)")
        case .violation(let detail): "the answer is not what was expected: \(detail)"
        case .finished: "the gateway has nothing more to send"
        case .stopped: "stopped"
        }
    }
}
