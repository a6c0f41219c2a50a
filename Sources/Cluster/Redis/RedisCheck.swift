/// Looks at a Redis as a node of the cluster will use it, and says what it lacks. It leaves nothing behind.
package import Primitives
internal import RESP
package import Transport

package enum RedisCheck {
    /// The first with `XTRIM … MINID`, by which the log is kept short.
    private static let oldestVersion = RedisVersion("6.2.0")

    /// Connects and looks. `prefix` is that of the keys: `tg` for `{tg}:…`. Takes no longer than until `deadline`.
    package static func findings(
        of url: RedisURL, trusting trust: ServerTrust, prefix: String, by deadline: Instant,
        unless stop: Wakeup?
    ) -> [RedisFinding] {
        do throws(RedisFailure) {
            var primary = RedisPrimary(of: url, trusting: trust, key: "{\(prefix)}:meta")
            let connection = try primary.open(by: deadline, unless: stop)
            return try findings(over: connection, prefix: prefix, by: deadline)
        } catch {
            return [RedisFinding(.fault, error.description)]
        }
    }

    static func findings(
        over connection: RedisConnection, prefix: String, by deadline: Instant
    ) throws(RedisFailure) -> [RedisFinding] {
        let sections: [[RESPWord]] = ["memory", "persistence", "replication"].map { ["INFO", .text($0)] }
        try connection.send(sections, by: deadline)
        var information = RedisInformation()
        for _ in sections { information.read(try connection.receive(by: deadline).string ?? "") }
        let settings = try RedisSettings(of: connection, by: deadline)
        var findings = [
            RedisFinding(.note, "\(connection.identity.product) at \(connection.address) is the primary")
        ]
        findings += version(connection.identity)
        findings += eviction(information, settings)
        findings += persistence(information, settings)
        findings += replication(information)
        if settings.areForbidden {
            findings.append(
                RedisFinding(
                    .note,
                    "the user may not ask for the server's settings (CONFIG GET), so what only they say was not looked at"
                ))
        }
        findings += try RedisRights.findings(over: connection, prefix: prefix, by: deadline)
        return findings
    }

    private static func version(_ identity: RedisIdentity) -> [RedisFinding] {
        guard let version = identity.version, let oldest = oldestVersion else {
            return [
                RedisFinding(.warning, "the server does not say its version; Redis 6.2 or newer is needed")
            ]
        }
        guard version < oldest else { return [] }
        return [
            RedisFinding(
                .fault, "Redis \(version) is too old: Redis 6.2 or newer is needed (XTRIM with MINID)")
        ]
    }

    private static func eviction(
        _ information: RedisInformation, _ settings: RedisSettings
    ) -> [RedisFinding] {
        guard let policy = information["maxmemory_policy"] ?? settings["maxmemory-policy"] else {
            return [
                RedisFinding(.note, "the server does not say its maxmemory-policy; it must be noeviction")
            ]
        }
        guard policy != "noeviction" else { return [] }
        if information["maxmemory"] == "0" {
            return [
                RedisFinding(
                    .warning,
                    "the server would evict keys (maxmemory-policy \(policy)) once it has a maxmemory; set maxmemory-policy noeviction"
                )
            ]
        }
        return [
            RedisFinding(
                .fault,
                "the server evicts keys when it is full (maxmemory-policy \(policy)), and the cluster's with them; set maxmemory-policy noeviction"
            )
        ]
    }

    private static func persistence(
        _ information: RedisInformation, _ settings: RedisSettings
    ) -> [RedisFinding] {
        switch information["aof_enabled"] {
        case "1":
            let rhythm = settings["appendfsync"]
            guard rhythm != "always" else { return [] }
            return [
                RedisFinding(
                    .note,
                    "the server syncs its file \(rhythm == "no" ? "when the kernel likes" : "once a second") (appendfsync \(rhythm ?? "unknown")): a power cut loses what came since"
                )
            ]
        case "0":
            return [
                RedisFinding(
                    .warning,
                    "the server does not write each update to disk (appendonly no): a restart loses what came since its last snapshot, or everything; set appendonly yes"
                )
            ]
        default:
            return [
                RedisFinding(.note, "the server does not say whether it writes updates to disk (appendonly)")
            ]
        }
    }

    private static func replication(_ information: RedisInformation) -> [RedisFinding] {
        // Said only where min-replicas-to-write is set.
        guard information["min_slaves_good_slaves"] == nil, let count = information["connected_slaves"],
            count != "0"
        else {
            return []
        }
        return [
            RedisFinding(
                .warning,
                "the server has replicas but takes updates without them: cut off from them it takes what a failover then loses; set min-replicas-to-write 1 and min-replicas-max-lag 10"
            )
        ]
    }
}

/// What a server's settings say, where the user may ask.
struct RedisSettings {
    private static let names = ["maxmemory-policy", "appendfsync"]

    private var values: [String: String] = [:]
    private(set) var areForbidden = false

    init(of connection: RedisConnection, by deadline: Instant) throws(RedisFailure) {
        try connection.send(Self.names.map { ["CONFIG", "GET", .text($0)] }, by: deadline)
        for name in Self.names {
            let reply = try connection.receive(by: deadline)
            // Whatever the reason: hosted servers do not know the command.
            if reply.error != nil { areForbidden = true }
            values[name] = reply.elements?.last?.string
        }
    }

    subscript(name: String) -> String? { values[name] }
}
