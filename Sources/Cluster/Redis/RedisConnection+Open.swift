/// How a connection comes about: address, TLS, who one is, and who the server is.
package import Primitives
package import RESP
package import Transport

extension RedisConnection {
    /// Connects to a primary, and knows it: its `identity`. Fails as soon as somebody wakes `stop`.
    ///
    /// Resolving a host name is the machine's business; no deadline and no `stop` ends that.
    package static func open(
        to address: RedisAddress, _ login: RedisLogin, limits: RESPLimits = .init(), by deadline: Instant,
        unless stop: Wakeup?
    ) throws(RedisFailure) -> RedisConnection {
        let connection = try connect(to: address, login, limits: limits, by: deadline, unless: stop)
        do throws(RedisFailure) {
            try connection.greet(login, by: deadline)
            return connection
        } catch {
            // TLS answers what it does not understand with an alert, if at all.
            let isStrange = error.kind == .closed || error.kind == .violation
            guard isStrange, !login.isSecure, connection.identity.runID.isEmpty else { throw error }
            throw RedisFailure(
                error.kind, at: address, "\(error.detail); where it speaks TLS, it is rediss://")
        }
    }

    /// Connects without a word.
    static func connect(
        to address: RedisAddress, _ login: RedisLogin, limits: RESPLimits = .init(), by deadline: Instant,
        unless stop: Wakeup?
    ) throws(RedisFailure) -> RedisConnection {
        let socket = try socket(to: address, by: deadline, unless: stop)
        guard login.isSecure else {
            return RedisConnection(socket, to: address, limits: limits, unless: stop)
        }
        do throws(SecureConnectFailure) {
            let stream = try TLSStream.connect(
                over: socket, to: address.host, trusting: login.trust, offering: .nothing, until: deadline,
                unless: stop)
            return RedisConnection(stream, to: address, limits: limits, unless: stop)
        } catch {
            throw RedisFailure(error, at: address)
        }
    }

    /// To the first of the host's addresses that answers. Each gets a fair share of the time.
    private static func socket(
        to address: RedisAddress, by deadline: Instant, unless stop: Wakeup?
    ) throws(RedisFailure) -> ByteStream {
        var left: [SocketAddress]
        do throws(ResolveFailure) {
            left = try SocketAddress.resolve(host: address.host, port: address.port)
        } catch {
            throw RedisFailure(.unreachable, at: address, error.reason)
        }
        var reason = "the name has no address"
        while let next = left.first {
            do throws(SystemFailure) {
                let share = deadline.since(.now()) / left.count
                return try ByteStream.connect(to: next, within: share, unless: stop)
            } catch {
                if error.isCancellation { throw RedisFailure(.stopped, at: address) }
                reason = error.reason
            }
            left.removeFirst()
        }
        throw RedisFailure(.unreachable, at: address, reason)
    }

    // MARK: Who is who

    /// Shows who one is, asks who the server is and whether it has the keys, all in one round.
    func greet(_ login: RedisLogin, by deadline: Instant) throws(RedisFailure) {
        let credentials = Self.credentials(login)
        var commands = credentials.map { [$0] } ?? []
        if login.database != 0 { commands.append(["SELECT", .number(Int64(login.database))]) }
        commands += Self.identification(login.key)
        try send(commands, by: deadline)
        if credentials != nil { try checkCredentials(by: deadline) }
        if login.database != 0 { _ = try answer(by: deadline) }
        try takeIdentity(by: deadline)
    }

    /// Asks again who the server is and whether it has the keys: a process that goes on may have become a replica, or have another
    /// history of the data.
    func identify(key: String, by deadline: Instant) throws(RedisFailure) {
        try send(Self.identification(key), by: deadline)
        try takeIdentity(by: deadline)
    }

    private static func identification(_ key: String) -> [[RESPWord]] {
        [["INFO", "server"], ["INFO", "replication"], ["EXISTS", .text(key)]]
    }

    private func takeIdentity(by deadline: Instant) throws(RedisFailure) {
        var information = RedisInformation()
        for _ in 0..<2 { information.read(try answer(by: deadline).string ?? "") }
        identity = RedisIdentity(information)
        try checkRole(try receive(by: deadline))
    }

    /// `AUTH` as the login wants it; nil where it names nobody.
    static func credentials(_ login: RedisLogin) -> [RESPWord]? {
        switch (login.user, login.password) {
        case (nil, nil): nil
        case (nil, let password?): ["AUTH", .text(password)]
        // A user without a password is let in with any.
        case (let user?, let password): ["AUTH", .text(user), .text(password ?? "")]
        }
    }

    /// What a server says of a command that it does not know has the command's words in it: here the secret. So its own words are not
    /// repeated.
    func checkCredentials(by deadline: Instant) throws(RedisFailure) {
        guard case .error(let error) = try receive(by: deadline) else { return }
        let failure = RedisFailure(error, at: address)
        switch failure.kind {
        case .unauthenticated:
            throw RedisFailure(
                .unauthenticated, at: address, "user or password are wrong, or the user is off")
        case .refused("ERR") where error.detail.hasPrefix("AUTH <password> called without"),
            .refused("ERR") where error.detail.hasPrefix("Client sent AUTH, but no password"):
            throw RedisFailure(
                .unauthenticated, at: address, "it has no password set, and one was sent; leave it away")
        case .refused("ERR") where failure.mayPassSoon: throw failure
        case .refused("ERR"): throw RedisFailure(.unauthenticated, at: address, "it refuses AUTH")
        default: throw failure
        }
    }

    private func answer(by deadline: Instant) throws(RedisFailure) -> RESPValue {
        let reply = try receive(by: deadline)
        if case .error(let error) = reply { throw RedisFailure(error, at: address) }
        return reply
    }

    /// In a Redis Cluster a replica says itself where its primary is. A user who may not ask for the key learns it later.
    private func checkRole(_ reply: RESPValue) throws(RedisFailure) {
        let refusal = reply.error.map { RedisFailure($0, at: address) }
        switch identity.role {
        case .primary:
            if let refusal, refusal.kind != .forbidden { throw refusal }
        case .replica:
            if case .moved? = refusal?.kind, let refusal { throw refusal }
            throw RedisFailure(.notPrimary, at: address)
        case .other:
            throw RedisFailure(
                .violation, at: address,
                "it is neither primary nor replica; a sentinel is named as in redis+sentinel://host/mymaster")
        }
    }
}

extension RedisFailure {
    /// Why TLS came to nothing.
    init(_ failure: SecureConnectFailure, at address: RedisAddress) {
        switch failure {
        case .system(let failure) where failure.isCancellation: self.init(.stopped, at: address)
        case .system(let failure): self.init(.unreachable, at: address, failure.reason)
        case .certificates(let failure): self.init(.untrusted, at: address, "\(failure)")
        case .handshake(let failure): self.init(failure, at: address)
        }
    }

    private init(_ failure: HandshakeFailure, at address: RedisAddress) {
        let (kind, detail): (Kind, String) =
            switch failure.distrust {
            case .otherName: (.untrusted, "its certificate is not for \(address.host)")
            case .expired: (.untrusted, "its certificate has expired")
            case .unknownAuthority:
                (
                    .untrusted,
                    "nobody that is trusted here vouches for its certificate (\(failure)); name who does (\"ca\")"
                )
            case .other: (.untrusted, "its certificate is not trusted: \(failure)")
            case nil:
                switch failure.reason {
                case .timeout: (.timedOut, "no TLS handshake came about; without TLS it is redis://")
                case .closed: (.closed, "it went away in the TLS handshake; without TLS it is redis://")
                default:
                    failure.isForeignProtocol
                        ? (.untrusted, "no TLS is spoken there; without TLS it is redis://")
                        : (.untrusted, "the TLS handshake failed: \(failure)")
                }
            }
        self.init(kind, at: address, detail)
    }
}
