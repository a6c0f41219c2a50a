/// Why a Redis did not do what was asked of it.
package import RESP

package struct RedisFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// No connection could be made.
        case unreachable
        /// No TLS came about, or the server's certificate is not trusted.
        case untrusted
        /// User or password are wrong, or missing.
        case unauthenticated
        /// It took too long to answer.
        case timedOut
        /// The connection ended or broke.
        case closed
        /// The server is a replica.
        case notPrimary
        /// `-LOADING`: it still reads its data from disk.
        case loading
        /// `-MASTERDOWN`: a replica that has lost its primary.
        case primaryDown
        /// `-READONLY`: it has become a replica.
        case readOnly
        /// `-MOVED`: in a Redis Cluster, another server has the keys.
        case moved(to: RedisAddress)
        /// `-NOSCRIPT`: it does not hold the script, as after a restart.
        case scriptMissing
        /// `-OOM`
        case outOfMemory
        /// `-NOREPLICAS`: `min-replicas-to-write` is not met.
        case tooFewReplicas
        /// `-NOPERM`: the user may not do it.
        case forbidden
        /// No sentinel knows a primary of that name.
        case unknownPrimary
        /// What came is no RESP.
        case violation
        /// Any other error of the server's, by its code.
        case refused(code: String)
        /// This side asked for the end.
        case stopped
    }

    package let kind: Kind
    /// Which server: `127.0.0.1:6379`; or what else it is about.
    package let place: String
    /// What the server, the kernel or OpenSSL said. Never a secret.
    package let detail: String

    init(_ kind: Kind, at place: some CustomStringConvertible, _ detail: String = "") {
        self.kind = kind
        self.place = place.description
        self.detail = detail
    }

    /// What a server's error means.
    package init(_ error: RESPError, at address: RedisAddress) {
        self.init(Self.kind(of: error, at: address), at: address, error.text)
    }

    private static func kind(of error: RESPError, at address: RedisAddress) -> Kind {
        switch error.code {
        case "NOAUTH", "WRONGPASS": return .unauthenticated
        case "LOADING": return .loading
        case "MASTERDOWN": return .primaryDown
        case "READONLY": return .readOnly
        case "NOSCRIPT": return .scriptMissing
        case "OOM": return .outOfMemory
        case "NOREPLICAS": return .tooFewReplicas
        case "NOPERM": return .forbidden
        case "MOVED":
            // MOVED slot host:port
            let target = error.detail.split(separator: " ").last
            return target.flatMap { RedisAddress(said: $0, by: address) }.map { .moved(to: $0) } ?? .violation
        case "ERR": return kind(ofUnnamed: error, at: address)
        case let code: return .refused(code: code)
        }
    }

    /// An error inside a script has no code of its own: Redis 7 says rights in words, Redis 6.2 puts every code behind ": -".
    private static func kind(ofUnnamed error: RESPError, at address: RedisAddress) -> Kind {
        if error.detail.contains("The user executing the script can't") { return .forbidden }
        let behind =
            error.detail.hasPrefix("Error running script") ? error.detail.split(separator: ": -") : []
        if behind.count > 1, let inner = behind.last.map({ RESPError(String($0)) }), inner.code != "ERR" {
            return kind(of: inner, at: address)
        }
        return .refused(code: "ERR")
    }

    /// Whether the same may go well soon, perhaps over a new connection, and without anybody's help.
    package var mayPassSoon: Bool {
        switch kind {
        case .unreachable, .timedOut, .closed, .notPrimary, .loading, .primaryDown, .readOnly, .moved,
            .scriptMissing, .tooFewReplicas:
            true
        case .refused(let code):
            ["BUSY", "CLUSTERDOWN", "TRYAGAIN", "ASK", "UNBLOCKED"].contains(code)
                || detail.contains("max number of clients")
        case .untrusted, .unauthenticated, .outOfMemory, .forbidden, .unknownPrimary, .violation, .stopped:
            false
        }
    }

    package var description: String { "\(event)\(advice.isEmpty ? "" : "; \(advice)")" }

    /// What happened, where the place is told already.
    var reason: String { detail.isEmpty ? event : detail }

    /// What happened, and where.
    private var event: String {
        let said = detail.isEmpty ? "" : ": \(detail)"
        return switch kind {
        case .unreachable: "cannot connect to Redis at \(place)\(said)"
        case .untrusted: "cannot trust Redis at \(place)\(said)"
        case .unauthenticated: "Redis at \(place) does not let us in\(said)"
        case .timedOut: "Redis at \(place) takes too long to answer\(said)"
        case .closed: "the connection to Redis at \(place) is lost\(said)"
        case .notPrimary: "Redis at \(place) is a replica"
        case .loading: "Redis at \(place) is still loading its data"
        case .primaryDown: "Redis at \(place) is a replica that has lost its primary"
        case .readOnly: "Redis at \(place) has become a replica and takes no writes"
        case .moved(let address): "Redis at \(place) says that \(address) has the keys"
        case .scriptMissing: "Redis at \(place) does not hold the script"
        case .outOfMemory: "Redis at \(place) has no memory left"
        case .tooFewReplicas: "Redis at \(place) has too few replicas to take writes"
        case .forbidden: "Redis at \(place) forbids it\(said)"
        case .unknownPrimary: "no sentinel knows the primary \"\(place)\"\(said)"
        case .violation: "what answers at \(place) does not speak as Redis does\(said)"
        case .refused: "Redis at \(place) refuses\(said)"
        case .stopped: "the connection to Redis at \(place) was stopped"
        }
    }

    /// What to do about it.
    private var advice: String {
        switch kind {
        case .unreachable: "start it, or correct the URL"
        case .untrusted: ""
        case .unauthenticated: "correct user and password"
        case .timedOut: "look at its load and at the network"
        case .closed: "look at its log"
        case .notPrimary: "name the primary, or the sentinels that know it"
        case .loading: "wait until it is done"
        case .primaryDown: "wait for a failover, or start the primary"
        case .readOnly: "look for the new primary"
        case .moved: "connect there"
        case .scriptMissing: "send it again"
        case .outOfMemory: "raise its maxmemory"
        case .tooFewReplicas: "start replicas, or lower min-replicas-to-write"
        case .forbidden: "extend the user's rights (ACL SETUSER)"
        case .unknownPrimary: "correct the name behind the sentinels"
        case .violation: "correct host and port"
        case .refused, .stopped: ""
        }
    }
}
