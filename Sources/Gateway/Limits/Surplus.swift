/// Why a connection can't stay. It is let in to be told so in answer to its first request, for how it is told depends on what it
/// asks for.
internal import Primitives

enum Surplus: Error {
    case connections(Int)
    case memory
    /// Its address has as many connections as it may.
    case crowd(Int)
    /// Its address opens more connections a second than it may.
    case haste(Double)

    /// For the log.
    var reason: String {
        switch self {
        case .connections(let limit): "all \(limit) connections are taken"
        case .memory: "the memory for clients is used up"
        case .crowd(let limit): "its address has all \(limit) connections that it may"
        case .haste(let rate): "its address opens more than \(Problem.told(rate)) connections a second"
        }
    }

    /// For the client, who may come back after `wait` milliseconds.
    func problem(wait: Int) -> Problem {
        switch self {
        case .connections, .memory: .full(wait: wait)
        case .crowd(let limit): .crowdedAddress(limit, wait: wait)
        case .haste(let rate):
            Problem(
                503, "overloaded",
                "Your address opens more than \(Problem.told(rate)) connections a second (\"access.newConnectionsPerAddress\").",
                retryAfter: Problem.seconds(wait))
        }
    }
}
