/// The shared log in a Redis, as one lane of a node reaches it.
package import Broker
internal import Primitives
internal import RESP
package import Transport

/// Owned by one thread; `cancel` is for any.
package final class RedisLog: SharedLog {
    private let keys: RedisKeys
    private var primary: RedisPrimary
    private let stop: Wakeup
    private var connection: RedisConnection?
    /// Of the scripts, as the server named them.
    private var digests: [String] = []
    /// Names this connection among all that append as the node.
    private var connectionName = ""
    private var offer: JoinOffer?
    /// In which it joined.
    private var epoch = ""
    /// How many records are asked for: so many as hold some megabytes, if they are as long as the last ones were.
    private var readCount = longestReadCount

    /// How long one command may take, and how long a read waits for something to come.
    private static let patience = Interval(milliseconds: 3000)
    private static let readPatience = Interval(milliseconds: 1000)
    private static let lockMilliseconds: Int64 = 15_000
    private static let unfinishedMilliseconds: Int64 = 60_000
    private static let replyByteCount = 8 << 20
    private static let longestReadCount = 128

    package init(_ url: RedisURL, prefix: String, trusting trust: ServerTrust) throws(SystemFailure) {
        keys = RedisKeys(prefix)
        primary = RedisPrimary(of: url, trusting: trust, key: keys.meta)
        stop = try Wakeup()
    }

    package func cancel() { stop.wake() }

    // MARK: Joining

    package func join(_ offer: JoinOffer, takingOver: Bool) throws(SharedLogFailure) -> LogHead {
        if offer.isAfresh { connection = nil }
        self.offer = offer
        let connection = try connect()
        connectionName = takingOver ? String(UInt64.random(in: 0 ... .max), radix: 36) : ""
        let run = "\(connection.identity.runID):\(connection.identity.replicationID)"
        let reply = try call(
            .join, [keys.meta, keys.log, keys.writers, keys.nodes],
            [
                .text(run), .text(offer.epoch), .bytes(offer.first), .bytes(offer.next), .text(offer.node),
                .text(offer.process), .text(connectionName),
            ])
        guard let head = LogHead(reply) else { throw misunderstood("join") }
        epoch = head.epoch
        return head
    }

    private func connect() throws(SharedLogFailure) -> RedisConnection {
        try perform { () throws(RedisFailure) in
            if let connection {
                try connection.identify(key: keys.meta, by: deadline)
                return connection
            }
            let opened = try primary.open(by: deadline, unless: stop)
            connection = opened
            try loadScripts(over: opened)
            return opened
        }
    }

    private func loadScripts(over connection: RedisConnection) throws(RedisFailure) {
        let commands = RedisScript.allCases.map { ["SCRIPT", "LOAD", RESPWord.text($0.source)] }
        digests = try connection.ask(all: commands, by: deadline).map { $0.string ?? "" }
    }

    // MARK: Records

    package func append(
        _ record: [UInt8], number: UInt64, in epoch: String
    ) throws(SharedLogFailure) -> UInt64 {
        let reply = try call(
            .append, [keys.meta, keys.log, keys.writers],
            [
                .text(epoch), .text(offer?.node ?? ""), .text(offer?.process ?? ""), .text(connectionName),
                .text("\(number - 1)"), .text("\(number)"), .bytes(record),
            ])
        guard let position = reply.string.flatMap({ UInt64($0) }) else { throw misunderstood("append") }
        return position
    }

    package func read(after position: UInt64) throws(SharedLogFailure) -> [LogRecord] {
        let question: [RESPWord] = [
            "XREAD", "COUNT", .number(Int64(readCount)), "BLOCK",
            .number(Int64(Self.readPatience.nanoseconds / 1_000_000)),
            "STREAMS", .text(keys.log), .text("\(position)-0"),
        ]
        let replies: [RESPValue]
        do throws(SharedLogFailure) {
            replies = try ask(all: [question, ["HGET", .text(keys.meta), "epoch"]])
        } catch {
            // Perhaps because the reply was too long, or took too long: records may be far longer than those before.
            readCount = max(readCount / 8, 1)
            throw error
        }
        // Somebody has deleted the log, and it was begun anew: what comes has the positions that were to come, of another history.
        guard replies[1].string == epoch else { throw .superseded }
        let reply = replies[0]
        if reply == .null { return [] }
        guard let entries = reply.elements?.first?.elements?.last?.elements else {
            throw misunderstood("XREAD")
        }
        var records: [LogRecord] = []
        records.reserveCapacity(entries.count)
        for entry in entries {
            guard let record = LogRecord(entry) else { throw misunderstood("XREAD") }
            records.append(record)
        }
        noteSize(of: records)
        return records
    }

    /// Has the next reply be of a size that can be held.
    private func noteSize(of records: [LogRecord]) {
        let longest = records.reduce(1) { max($0, $1.bytes.count) }
        readCount = min(max(Self.replyByteCount / longest, 1), Self.longestReadCount)
    }

    // MARK: Checkpoints

    package func chunk(_ number: Int, of checkpoint: Checkpoint) throws(SharedLogFailure) -> [UInt8] {
        let reply = try ask(["LINDEX", .text(keys.checkpoint(checkpoint.name)), .number(Int64(number))])
        if reply == .null { throw .trimmed }
        guard let bytes = reply.bytes else { throw misunderstood("LINDEX") }
        return bytes
    }

    package func claimCheckpoint() throws(SharedLogFailure) -> CheckpointClaim {
        let reply = try call(
            .claim, [keys.meta, keys.lock],
            [.text(offer?.node ?? ""), .number(Self.lockMilliseconds)])
        guard let parts = reply.elements, parts.count == 2, let isGranted = parts[0].number else {
            throw misunderstood("claim")
        }
        let last = parts[1].string.flatMap { Checkpoint($0) }?.position ?? 0
        return isGranted == 1 ? .granted(last: last) : .taken(last: last)
    }

    package func keep(
        _ chunk: Span<UInt8>, number: Int, ofCheckpoint name: String
    ) throws(SharedLogFailure) {
        let key = keys.checkpoint(name)
        var bytes: [UInt8] = []
        chunk.withUnsafeBufferPointer { bytes = Array($0) }
        // One that is never finished goes by itself; and the turn is kept while it goes on.
        _ = try ask(all: [
            ["RPUSH", .text(key), .bytes(bytes)],
            ["PEXPIRE", .text(key), .number(Self.unfinishedMilliseconds)],
            ["PEXPIRE", .text(keys.lock), .number(Self.lockMilliseconds)],
        ])
    }

    package func finish(_ checkpoint: Checkpoint, in epoch: String) throws(SharedLogFailure) {
        _ = try call(
            .finish, [keys.meta, keys.log, keys.lock, keys.checkpoint(checkpoint.name)],
            [
                .text(epoch), .text("\(checkpoint.position)"), .number(Int64(checkpoint.chunkCount)),
                .text(checkpoint.name), .text(offer?.node ?? ""), .text(keys.checkpointPrefix),
            ])
    }

    // MARK: Nodes

    package func greet(_ greeting: NodeGreeting) throws(SharedLogFailure) -> NodeRound {
        let feeds = (greeting.wantedFeeds + greeting.droppedFeeds).map { keys.feedPrefix + $0 }
        let reply = try call(
            .greet, [keys.meta, keys.nodes, keys.writers] + feeds,
            [
                .text(greeting.epoch), .text(greeting.node), .bytes(greeting.report),
                .number(Int64(NodeGreeting.memoryMilliseconds)), .text(greeting.holder),
                .number(Int64(NodeGreeting.leaseMilliseconds)), .number(Int64(greeting.wantedFeeds.count)),
            ])
        guard let round = NodeRound(reply), round.holders.count == greeting.wantedFeeds.count else {
            throw misunderstood("greet")
        }
        return round
    }

    package func exchange(
        _ requests: [NoteRequest], in epoch: String
    ) throws(SharedLogFailure) -> NoteExchange {
        let commands = [["HGET", .text(keys.meta), "epoch"]] + requests.map { command(for: $0, in: epoch) }
        return try perform { () throws(RedisFailure) in
            let connection = try connected()
            let replies = try connection.replies(to: commands, by: deadline)
            var refusal: RedisFailure?
            for case .error(let error) in replies {
                let failure = RedisFailure(error, at: connection.address)
                guard failure.kind.isOfOneCommand else { throw failure }
                refusal = failure
            }
            guard replies[0].string == epoch else {
                throw RedisFailure(.refused(code: "TGSUPERSEDED"), at: connection.address)
            }
            return NoteExchange(
                zip(requests, replies.dropFirst()).map { outcome(of: $0, $1, in: epoch) },
                refusal: refusal?.description)
        }
    }

    /// Which epoch a note was left in stands before it.
    private func command(for request: NoteRequest, in epoch: String) -> [RESPWord] {
        switch request {
        case .leave(let name, let content, let milliseconds):
            [
                "SET", .text(keys.ticketPrefix + name), .bytes(Array("\(epoch) ".utf8) + content), "PX",
                .number(Int64(milliseconds)),
            ]
        case .take(let name): ["GETDEL", .text(keys.ticketPrefix + name)]
        }
    }

    private func outcome(
        of request: NoteRequest, _ reply: RESPValue, in epoch: String
    ) -> NoteOutcome {
        if case .error = reply { return .unavailable }
        guard case .take = request else { return .left }
        let mark = Array("\(epoch) ".utf8)
        guard let bytes = reply.bytes, bytes.starts(with: mark) else { return .missing }
        return .taken(Array(bytes.dropFirst(mark.count)))
    }

    // MARK: Commands

    private var deadline: Instant { .now() + Self.patience }

    private func call(
        _ script: RedisScript, _ keys: [String], _ arguments: [RESPWord]
    ) throws(SharedLogFailure) -> RESPValue {
        let rest = [.number(Int64(keys.count))] + keys.map { .text($0) } + arguments
        return try perform { () throws(RedisFailure) in
            let connection = try connected()
            do throws(RedisFailure) {
                return try connection.ask(["EVALSHA", .text(digests[script.rawValue])] + rest, by: deadline)
            } catch {
                guard error.kind == .scriptMissing else { throw error }
                // Somebody has made the server forget all scripts.
                try loadScripts(over: connection)
                return try connection.ask(["EVALSHA", .text(digests[script.rawValue])] + rest, by: deadline)
            }
        }
    }

    private func ask(_ words: [RESPWord]) throws(SharedLogFailure) -> RESPValue { try ask(all: [words])[0] }

    private func ask(all commands: [[RESPWord]]) throws(SharedLogFailure) -> [RESPValue] {
        try perform { () throws(RedisFailure) in try connected().ask(all: commands, by: deadline) }
    }

    private func connected() throws(RedisFailure) -> RedisConnection {
        guard let connection else { throw RedisFailure(.closed, at: primary.url) }
        return connection
    }

    /// After a failure of this connection it is gone.
    private func perform<Value>(
        _ body: () throws(RedisFailure) -> Value
    ) throws(SharedLogFailure) -> Value {
        do throws(RedisFailure) {
            return try body()
        } catch {
            switch error.kind {
            case .refused(code: "TGSUPERSEDED"): throw .superseded
            case _ where error.kind.isForNow: throw .refused(reason: "\(error)")
            case .moved(let address): primary.moved(to: address)
            default: break
            }
            connection = nil
            throw .lost(reason: "\(error)")
        }
    }

    private func misunderstood(_ command: String) -> SharedLogFailure {
        connection = nil
        return .lost(reason: "what Redis at \(primary.url) answers to \(command) is not what it should")
    }
}

extension RedisFailure.Kind {
    /// The server takes nothing at present, and all else goes on.
    fileprivate var isForNow: Bool {
        switch self {
        case .outOfMemory, .tooFewReplicas, .refused(code: "MISCONF"): true
        default: false
        }
    }

    /// It says nothing of other commands in the same write.
    fileprivate var isOfOneCommand: Bool { isForNow || self == .forbidden }
}

// MARK: - What replies say

extension LogHead {
    /// Of the script `join`.
    fileprivate init?(_ reply: RESPValue) {
        guard let parts = reply.elements, parts.count == 5, let epoch = parts[0].string, !epoch.isEmpty,
            let position = parts[1].string.flatMap({ UInt64($0) }), let former = parts[2].string,
            let checkpoint = parts[3].string, let number = parts[4].string.flatMap({ UInt64($0) })
        else { return nil }
        self.init(
            epoch: epoch, position: position, former: former.split(separator: " ").compactMap { Former($0) },
            checkpoint: Checkpoint(checkpoint), ownNumber: number)
    }
}

extension LogHead.Former {
    /// `epoch:position`
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let survived = UInt64(parts[1]) else { return nil }
        self.init(epoch: String(parts[0]), survived: survived)
    }
}

extension NodeRound {
    /// Of the script `greet`. Words that can't be understood are left out.
    fileprivate init?(_ reply: RESPValue) {
        guard let parts = reply.elements, parts.count == 4,
            let time = parts[0].string.flatMap({ UInt64($0) }),
            let position = parts[1].string.flatMap({ UInt64($0) }), let words = parts[2].elements,
            let holders = parts[3].elements
        else { return nil }
        self.init(
            time: UnixTime(milliseconds: time), position: position,
            words: stride(from: 0, to: words.count - 1, by: 2).compactMap { Word(words[$0], words[$0 + 1]) },
            holders: holders.compactMap(\.string))
    }
}

extension NodeRound.Word {
    /// A node's name, and its word: the time, a space, the report.
    fileprivate init?(_ name: RESPValue, _ word: RESPValue) {
        guard let node = name.string, let bytes = word.bytes,
            let space = bytes.firstIndex(of: ASCII.space),
            let time = bytes.span.extracting(..<space).decimal
        else { return nil }
        self.init(node: node, report: Array(bytes[(space + 1)...]), time: UnixTime(milliseconds: time))
    }
}

extension Checkpoint {
    /// `position count name`; nil where there is none.
    fileprivate init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let position = UInt64(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(position: position, chunkCount: count, name: String(parts[2]))
    }
}

extension LogRecord {
    /// An entry of a stream: its ID, and names and values in turns.
    fileprivate init?(_ entry: RESPValue) {
        guard let parts = entry.elements, parts.count == 2, let id = parts[0].string,
            let position = id.split(separator: "-").first.flatMap({ UInt64($0) }),
            let fields = parts[1].elements, fields.count == 6, let process = fields[1].string,
            let number = fields[3].string.flatMap({ UInt64($0) }), let bytes = fields[5].bytes
        else { return nil }
        self.init(position: position, process: process, number: number, bytes: bytes)
    }
}
