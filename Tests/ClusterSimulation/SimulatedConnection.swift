/// A node's connection to one of the servers, and all that can go wrong with it.
internal import Broker
internal import Cluster
internal import Primitives

final class SimulatedConnection: SharedLog {
    private let servers: SimulatedServers
    private let node: String
    /// Its number among all connections; nil: it is cut.
    private var connection: Int?
    private var server = 0
    /// The process that it is connected to: its end cuts all connections.
    private var run = 0
    private var epoch: String?

    init(_ servers: SimulatedServers, node: String) {
        self.servers = servers
        self.node = node
    }

    func join(_ offer: JoinOffer, takingOver: Bool) throws(SharedLogFailure) -> LogHead {
        if offer.isAfresh { connection = nil }
        if !isConnected {
            server = try servers.find()
            run = servers[server].run
            connection = servers.newConnection()
        }
        let number = connection
        let head = try perform {
            servers[server].join(offer, connection: takingOver ? number : nil, at: servers.time)
        }
        epoch = head.epoch
        return head
    }

    func append(_ record: [UInt8], number: UInt64, in epoch: String) throws(SharedLogFailure) -> UInt64 {
        if servers.isRefusing { throw .refused(reason: "it is full") }
        let connection = connection ?? 0
        if isConnected, servers.cuts() {
            // What was sent before the connection was cut may arrive later.
            servers.deliverLater(at: server) { [node] state in
                _ = try? state.append(record, as: node, number: number, connection: connection, in: epoch)
            }
            throw cut()
        }
        return try perform { () throws(SharedLogFailure) in
            try servers[server].append(record, as: node, number: number, connection: connection, in: epoch)
        }
    }

    func read(after position: UInt64) throws(SharedLogFailure) -> [LogRecord] {
        try perform { () throws(SharedLogFailure) in
            guard servers[server].epoch == epoch else { throw .superseded }
            return servers[server].read(after: position, limit: servers.readLimit())
        }
    }

    func chunk(_ number: Int, of checkpoint: Checkpoint) throws(SharedLogFailure) -> [UInt8] {
        try perform { () throws(SharedLogFailure) in
            guard let chunks = servers[server].chunks[checkpoint.name], number < chunks.count else {
                throw .trimmed
            }
            return chunks[number]
        }
    }

    func claimCheckpoint() throws(SharedLogFailure) -> CheckpointClaim {
        try perform {
            let last = servers[server].checkpoint?.position ?? 0
            // Now and then the claim of one that died is over.
            if let other = servers[server].checkpointer, other != node, !servers.isOver() {
                return .taken(last: last)
            }
            servers[server].checkpointer = node
            return .granted(last: last)
        }
    }

    func keep(_ chunk: Span<UInt8>, number: Int, ofCheckpoint name: String) throws(SharedLogFailure) {
        let bytes = (0..<chunk.count).map { chunk[$0] }
        try perform {
            servers[server].chunks[name, default: []].append(bytes)
        }
    }

    func finish(_ checkpoint: Checkpoint, in epoch: String) throws(SharedLogFailure) {
        try perform { () throws(SharedLogFailure) in
            guard servers[server].chunks[checkpoint.name]?.count == checkpoint.chunkCount else {
                throw .superseded
            }
            try servers[server].finish(checkpoint, in: epoch)
        }
    }

    func greet(_ greeting: NodeGreeting) throws(SharedLogFailure) -> NodeRound {
        if servers.isRefusing { throw .refused(reason: "it is full") }
        return try perform { () throws(SharedLogFailure) in
            try servers[server].greet(greeting, at: servers.time)
        }
    }

    func exchange(
        _ requests: [NoteRequest], in epoch: String
    ) throws(SharedLogFailure) -> NoteExchange {
        try perform { () throws(SharedLogFailure) in
            guard servers[server].epoch == epoch else { throw .superseded }
            return NoteExchange(
                requests.map {
                    servers[server].carryOut($0, isRefusing: servers.isRefusing, at: servers.time)
                })
        }
    }

    func cancel() { connection = nil }

    /// Does it, unless the connection is cut before; and whether it was done is not told if it is cut after.
    private func perform<Value>(
        _ body: () throws(SharedLogFailure) -> Value
    ) throws(SharedLogFailure) -> Value {
        guard isConnected, !servers.cuts() else { throw cut() }
        let value = try body()
        servers.note(server)
        if servers.cuts() { throw cut() }
        return value
    }

    private var isConnected: Bool {
        connection != nil && servers.isUp(server) && servers[server].run == run
    }

    private func cut() -> SharedLogFailure {
        connection = nil
        return .lost(reason: "the connection was cut")
    }
}
