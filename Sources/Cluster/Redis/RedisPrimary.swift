/// Finds the primary: the server that the URL names, the one that sentinels know, or the one that a Redis Cluster points to. It
/// remembers what worked.
package import Primitives
internal import RESP
package import Transport

package struct RedisPrimary: Sendable {
    /// A Redis Cluster whose servers send one on and on does not agree with itself.
    private static let redirectionLimit = 5

    package let url: RedisURL
    private let login: RedisLogin
    /// As the URL names them, but the one that knew the primary last comes first.
    private var sentinels: [RedisAddress] = []
    /// Of a Redis Cluster: the server that had the keys last.
    private var pointer: RedisAddress?

    /// `key` is one of the keys that will be used; all of them must be in one slot (`{tg}:…`).
    package init(of url: RedisURL, trusting trust: ServerTrust = .system, key: String) {
        self.url = url
        login = RedisLogin(url, trusting: trust, key: key)
        if case .sentinels(let addresses, _) = url.way { sentinels = addresses }
    }

    /// Connects to the primary.
    package mutating func open(
        by deadline: Instant, unless stop: Wakeup?
    ) throws(RedisFailure) -> RedisConnection {
        let attempt = Attempt(login: login, deadline: deadline, stop: stop)
        switch url.way {
        case .server(let address): return try open(from: address, attempt)
        case .sentinels(_, let name): return try open(asking: name, attempt)
        }
    }

    /// A server has answered that another has the keys: the next connection goes there.
    package mutating func moved(to address: RedisAddress) {
        pointer = address
    }

    // MARK: One server, or a Redis Cluster

    private mutating func open(
        from address: RedisAddress, _ attempt: Attempt
    ) throws(RedisFailure) -> RedisConnection {
        if let pointer {
            do throws(RedisFailure) {
                return try follow(from: pointer, attempt.share(of: 2))
            } catch {
                // Away, or not in charge any more: the URL's own server may know better. If it is away too, both are tried again.
                if error.kind == .stopped { throw error }
            }
        }
        return try follow(from: address, attempt)
    }

    private mutating func follow(
        from start: RedisAddress, _ attempt: Attempt
    ) throws(RedisFailure) -> RedisConnection {
        var address = start
        for _ in 0..<Self.redirectionLimit {
            do throws(RedisFailure) {
                let connection = try attempt.open(address)
                if case .server(address) = url.way { pointer = nil } else { pointer = address }
                return connection
            } catch {
                guard case .moved(let target) = error.kind else { throw error }
                address = target
            }
        }
        throw RedisFailure(
            .refused(code: "MOVED"), at: address,
            "the servers of the cluster send one from each to the next; look at CLUSTER SLOTS")
    }

    // MARK: Sentinels

    private mutating func open(
        asking name: String, _ attempt: Attempt
    ) throws(RedisFailure) -> RedisConnection {
        var search = Search()
        for (index, sentinel) in sentinels.enumerated() {
            // A sentinel that hangs leaves time for the others.
            let share = attempt.share(of: sentinels.count - index)
            do throws(RedisFailure) {
                let address = try share.ask(sentinel, for: name)
                guard !search.tried.contains(address) else { continue }
                search.tried.insert(address)
                let connection = try share.open(address)
                sentinels.insert(sentinels.remove(at: index), at: 0)
                return connection
            } catch {
                if error.kind == .stopped { throw error }
                search.note(error, of: sentinel)
            }
        }
        throw search.failure(of: name)
    }

    /// What was tried in vain.
    private struct Search {
        var tried: Set<RedisAddress> = []
        private var ofPrimary: RedisFailure?
        private var isUnknown = false
        private var ofSentinels: [(RedisAddress, RedisFailure)] = []

        mutating func note(_ failure: RedisFailure, of sentinel: RedisAddress) {
            if failure.kind == .unknownPrimary {
                isUnknown = true
            } else if failure.place != sentinel.description {
                ofPrimary = failure
            } else {
                ofSentinels.append((sentinel, failure))
            }
        }

        /// What a server said that was taken for the primary tells most.
        func failure(of name: String) -> RedisFailure {
            if let ofPrimary { return ofPrimary }
            let others = ofSentinels.map { "\($0): \($1.reason)" }.joined(separator: ", ")
            if isUnknown { return RedisFailure(.unknownPrimary, at: name, others) }
            if ofSentinels.count == 1 { return ofSentinels[0].1 }
            return RedisFailure(
                ofSentinels.first?.1.kind ?? .unreachable, at: "any of the sentinels of \(name)", others)
        }
    }
}

/// One search for the primary, or a part of its time.
private struct Attempt {
    let login: RedisLogin
    let deadline: Instant
    let stop: Wakeup?

    /// The same with one of `count` parts of the time that is left.
    func share(of count: Int) -> Attempt {
        let now = Instant.now()
        return Attempt(login: login, deadline: now + deadline.since(now) / count, stop: stop)
    }

    func open(_ address: RedisAddress) throws(RedisFailure) -> RedisConnection {
        try .open(to: address, login, by: deadline, unless: stop)
    }

    /// Asks a sentinel where the primary is. One that wants a password is shown that of the servers.
    func ask(_ sentinel: RedisAddress, for name: String) throws(RedisFailure) -> RedisAddress {
        let connection = try RedisConnection.connect(to: sentinel, login, by: deadline, unless: stop)
        let question: [RESPWord] = ["SENTINEL", "get-master-addr-by-name", .text(name)]
        let reply: RESPValue
        do throws(RedisFailure) {
            reply = try connection.ask(question, by: deadline)
        } catch {
            guard error.kind == .unauthenticated, let credentials = RedisConnection.credentials(login) else {
                throw error
            }
            try connection.send([credentials], by: deadline)
            try connection.checkCredentials(by: deadline)
            reply = try connection.ask(question, by: deadline)
        }
        if reply == .null { throw RedisFailure(.unknownPrimary, at: name) }
        guard let words = reply.elements, words.count == 2, let host = words[0].string, !host.isEmpty,
            let port = words[1].number.flatMap({ UInt16(exactly: $0) }), port > 0
        else {
            throw RedisFailure(.violation, at: sentinel, "it names no address of the primary")
        }
        return RedisAddress(host: host, port: port)
    }
}
