/// What one server holds of the shared log: a value, so that a copy of it is a replica.
internal import Broker
internal import Cluster
internal import Primitives

struct ServerState {
    struct Writer {
        var process: String
        var connection: Int
        var number: UInt64
    }

    /// Which process it is: another one, and an epoch begins.
    var run = 0
    /// The run in which the present epoch began.
    var epochRun = 0
    var epoch: String?
    var former: [LogHead.Former] = []
    var position: UInt64 = 0
    var writers: [String: Writer] = [:]
    /// All records ever, for comparing; those up to `trimmedThrough` nobody can read.
    var records: [LogRecord] = []
    var trimmedThrough: UInt64 = 0
    var checkpoint: Checkpoint?
    /// By the checkpoint's name.
    var chunks: [String: [[UInt8]]] = [:]
    /// The one before that.
    private var formerCheckpoint: String?
    var checkpointer: String?
    /// By the nodes' names.
    private var words: [String: NodeRound.Word] = [:]
    /// By the feeds' names.
    private var leases: [String: (holder: String, end: UInt64)] = [:]
    /// By their names.
    private var notes: [String: (epoch: String?, content: [UInt8], end: UInt64)] = [:]

    // MARK: What the scripts of a real one do

    mutating func join(_ offer: JoinOffer, connection: Int?, at time: UnixTime) -> LogHead {
        if epoch == nil {
            append(offer.first, process: "", number: 0)
            (epoch, epochRun) = (offer.epoch, run)
        } else if epochRun != run, let ended = epoch {
            former = former.map { .init(epoch: $0.epoch, survived: min($0.survived, position)) }
            former.insert(LogHead.Former(epoch: ended, survived: position), at: 0)
            append(offer.next, process: "", number: 0)
            (epoch, epochRun) = (offer.epoch, run)
        }
        let writer = writers[offer.node]
        let number = writer?.process == offer.process ? writer?.number ?? 0 : 0
        if let connection {
            writers[offer.node] = Writer(process: offer.process, connection: connection, number: number)
            let report = words[offer.node]?.report ?? Array("{}".utf8)
            words[offer.node] = NodeRound.Word(node: offer.node, report: report, time: time)
        }
        return LogHead(
            epoch: epoch ?? "", position: position, former: former, checkpoint: checkpoint, ownNumber: number)
    }

    mutating func append(
        _ record: [UInt8], as node: String, number: UInt64, connection: Int, in epoch: String
    ) throws(SharedLogFailure) -> UInt64 {
        guard epoch == self.epoch, let writer = writers[node], writer.connection == connection,
            writer.number + 1 == number
        else { throw .superseded }
        writers[node]?.number = number
        append(record, process: writer.process, number: number)
        return position
    }

    private mutating func append(_ bytes: [UInt8], process: String, number: UInt64) {
        position += 1
        records.append(LogRecord(position: position, process: process, number: number, bytes: bytes))
    }

    func read(after position: UInt64, limit: Int) -> [LogRecord] {
        let start = max(position, trimmedThrough)
        guard start < self.position else { return [] }
        return Array(records[Int(start)...].prefix(limit))
    }

    mutating func finish(_ made: Checkpoint, in epoch: String) throws(SharedLogFailure) {
        guard epoch == self.epoch, made.position > checkpoint?.position ?? 0 else { throw .superseded }
        if let before = checkpoint {
            trimmedThrough = before.position
            if let formerCheckpoint { chunks[formerCheckpoint] = nil }
            formerCheckpoint = before.name
        }
        checkpoint = made
        checkpointer = nil
    }

    mutating func greet(
        _ greeting: NodeGreeting, at time: UnixTime
    ) throws(SharedLogFailure) -> NodeRound {
        guard greeting.epoch == epoch else { throw .superseded }
        let now = time.milliseconds
        let before = Array(words.values)
        words[greeting.node] = NodeRound.Word(node: greeting.node, report: greeting.report, time: time)
        for word in before where word.node != greeting.node {
            guard word.time.milliseconds + UInt64(NodeGreeting.memoryMilliseconds) <= now else { continue }
            words[word.node] = nil
            writers[word.node] = nil
        }
        for feed in greeting.droppedFeeds where leases[feed]?.holder == greeting.holder { leases[feed] = nil }
        let end = now + UInt64(NodeGreeting.leaseMilliseconds)
        let holders = greeting.wantedFeeds.map { feed in
            if let lease = leases[feed], lease.end > now, lease.holder != greeting.holder {
                return lease.holder
            }
            leases[feed] = (greeting.holder, end)
            return greeting.holder
        }
        return NodeRound(time: time, position: position, words: before, holders: holders)
    }

    mutating func carryOut(_ request: NoteRequest, isRefusing: Bool, at time: UnixTime) -> NoteOutcome {
        switch request {
        case .leave(let name, let content, let milliseconds):
            if isRefusing { return .unavailable }
            notes[name] = (epoch, content, time.milliseconds + UInt64(milliseconds))
            return .left
        case .take(let name):
            guard let note = notes.removeValue(forKey: name), note.epoch == epoch,
                note.end > time.milliseconds
            else { return .missing }
            return .taken(note.content)
        }
    }
}
