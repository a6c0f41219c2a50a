/// Finds out whether a user may do under a prefix what the cluster does there.
internal import Primitives
internal import RESP

enum RedisRights {
    /// What a node does with keys, on four keys of those kinds: `RedisLog` and its scripts.
    ///
    /// SET comes first: once a script has written, its server does not ask any more whether there is memory.
    private static func commands(
        _ value: String, _ hash: String, _ log: String, _ list: String
    ) -> [[String]] {
        [
            ["SET", value, "1", "NX", "PX", "10000"],
            ["DEL", value, hash, log, list],
            ["GET", value],
            ["GETDEL", value],
            ["PEXPIRE", value, "10000"],
            ["HSET", hash, "a", "1"],
            ["HGET", hash, "a"],
            ["HMGET", hash, "a", "b"],
            ["HGETALL", hash],
            ["HDEL", hash, "a"],
            ["XADD", log, "1-0", "a", "1"],
            ["XREAD", "COUNT", "1", "STREAMS", log, "0-0"],
            ["XTRIM", log, "MINID", "1-0"],
            ["RPUSH", list, "a"],
            ["LINDEX", list, "0"],
            ["LLEN", list],
            ["PERSIST", list],
            ["TIME"],
        ]
    }

    /// Runs commands, each behind the number of its words, and returns what was refused: names and errors in turns. Without DEL it
    /// tries no more, for it could not clean up.
    private static let script = """
        local refused, at = {}, 1
        while ARGV[at] do
            local last = at + tonumber(ARGV[at])
            local reply = redis.pcall(unpack(ARGV, at + 1, last))
            if type(reply) == 'table' and reply.err then
                refused[#refused + 1] = ARGV[at + 1]
                refused[#refused + 1] = reply.err
                if ARGV[at + 1] == 'DEL' then return refused end
            end
            at = last + 1
        end
        redis.pcall('DEL', unpack(KEYS))
        return refused
        """

    static func findings(
        over connection: RedisConnection, prefix: String, by deadline: Instant
    ) throws(RedisFailure) -> [RedisFinding] {
        let number = UInt64.random(in: 0 ... .max)
        let keys = ["value", "hash", "log", "list"].map { "{\(prefix)}:check:\(number):\($0)" }
        let commands = commands(keys[0], keys[1], keys[2], keys[3])
        var refusals = try refusals(of: scripts(keys[0]), connection, deadline)
        if let dry = try dryRun(commands, connection, deadline) {
            refusals += dry
        } else if refusals.contains(where: { $0.command == "EVAL" }) {
            return sentences(refusals, prefix)
                + [RedisFinding(.note, "without EVAL it was not looked at what else the user may do")]
        }
        // Rights are not all: a server may be full, or miss its replicas.
        if !refusals.contains(where: { $0.command == "EVAL" || $0.command == "DEL" }) {
            refusals += try trial(of: commands, keys, connection, deadline).filter { refusal in
                !refusals.contains { $0.command == refusal.command }
            }
        }
        return sentences(refusals, prefix)
    }

    private struct Refusal {
        let command: String
        let failure: RedisFailure
    }

    private static func scripts(_ key: String) -> [[RESPWord]] {
        [
            ["EVAL", "return 1", "1", .text(key)],
            ["SCRIPT", "LOAD", "return 1"],
            // That it is not there is told to those only who may run it.
            ["EVALSHA", .text(String(repeating: "0", count: 40)), "1", .text(key)],
        ]
    }

    private static func refusals(
        of commands: [[RESPWord]], _ connection: RedisConnection, _ deadline: Instant
    ) throws(RedisFailure) -> [Refusal] {
        try connection.send(commands, by: deadline)
        var refusals: [Refusal] = []
        for command in commands {
            guard case .error(let error) = try connection.receive(by: deadline),
                case .text(let name)? = command.first
            else { continue }
            let failure = RedisFailure(error, at: connection.address)
            if failure.kind == .scriptMissing { continue }
            // Rights name a command of commands with both its words.
            refusals.append(Refusal(command: name == "SCRIPT" ? "SCRIPT|LOAD" : name, failure: failure))
        }
        return refusals
    }

    /// Asks the server what the user may; nil where it does not say (before Redis 7), or not to this user.
    private static func dryRun(
        _ commands: [[String]], _ connection: RedisConnection, _ deadline: Instant
    ) throws(RedisFailure) -> [Refusal]? {
        try connection.send([["ACL", "WHOAMI"]], by: deadline)
        guard let user = try connection.receive(by: deadline).string else { return nil }
        let questions = commands.map {
            [.text("ACL"), .text("DRYRUN"), .text(user)] + $0.map { RESPWord.text($0) }
        }
        try connection.send(questions, by: deadline)
        var refusals: [Refusal] = []
        var isSilent = false
        for command in commands {
            let reply = try connection.receive(by: deadline)
            if reply.error != nil { isSilent = true }
            guard let answer = reply.string, answer != "OK" else { continue }
            refusals.append(
                Refusal(
                    command: command[0], failure: RedisFailure(.forbidden, at: connection.address, answer)))
        }
        return isSilent ? nil : refusals
    }

    private static func trial(
        of commands: [[String]], _ keys: [String], _ connection: RedisConnection, _ deadline: Instant
    ) throws(RedisFailure) -> [Refusal] {
        var words: [RESPWord] = ["EVAL", .text(script), .number(Int64(keys.count))]
        words += keys.map { .text($0) }
        for command in commands { words += [.text(String(command.count))] + command.map { .text($0) } }
        try connection.send([words], by: deadline)
        let reply = try connection.receive(by: deadline)
        if case .error(let error) = reply {
            return [Refusal(command: "EVAL", failure: RedisFailure(error, at: connection.address))]
        }
        let said = reply.elements ?? []
        return stride(from: 0, to: said.count - 1, by: 2).map { index in
            Refusal(
                command: said[index].string ?? "",
                failure: RedisFailure(RESPError(said[index + 1].string ?? ""), at: connection.address))
        }
    }

    /// One sentence for all that is forbidden, and one for each other reason.
    private static func sentences(_ refusals: [Refusal], _ prefix: String) -> [RedisFinding] {
        var findings: [RedisFinding] = []
        let forbidden = refusals.filter { $0.failure.kind == .forbidden }.map(\.command)
        if !forbidden.isEmpty {
            let rights = forbidden.map { "+\($0.lowercased())" }.joined(separator: " ")
            findings.append(
                RedisFinding(
                    .fault,
                    "the user may not do all that a node does with the keys {\(prefix)}:*; type ACL SETUSER with ~{\(prefix)}:* \(rights)"
                ))
        }
        var reasons: [RedisFailure.Kind] = []
        for refusal in refusals where refusal.failure.kind != .forbidden {
            guard !reasons.contains(refusal.failure.kind) else { continue }
            reasons.append(refusal.failure.kind)
            findings.append(RedisFinding(.fault, "\(refusal.command) failed: \(refusal.failure)"))
        }
        return findings
    }
}
