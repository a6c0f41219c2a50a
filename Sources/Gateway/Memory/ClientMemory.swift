/// How much a loop holds in memory for its clients, and how much that may be.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport

/// What a connection holds beyond what every connection does.
struct HeldBytes: Equatable {
    /// What has come and is not done with: bytes to be read, bodies, messages in pieces, questions.
    var requests = 0
    /// What the kernel has not taken.
    var answers = 0
}

/// One loop's account of what its connections hold, kept as it changes.
struct ClientMemory {
    /// A connection, its front end and its timer, where it holds nothing in particular (`Benchmarks/idle-memory`).
    static let connectionByteCount = 384
    /// What OpenSSL keeps for a connection that is idle (`Benchmarks/idle-memory`).
    static let secureConnectionByteCount = 14 * 1024
    /// What a certificate that the client has shown takes beyond that, with those that vouch for it.
    static let clientCertificateByteCount = 10 * 1024
    /// So little a peer may always make the loop hold: a request or a message that came in two pieces.
    static let freeByteCount = 2048

    /// The loop's share of `memory.clientBytes`.
    var limit: Int
    var connectionCount = 0
    /// Those of them that speak TLS.
    var secureConnectionCount = 0
    /// Those of them whose client has shown a certificate.
    var certifiedConnectionCount = 0
    private(set) var held = HeldBytes()
    /// What large publications hold, whose connections may be gone.
    var publicationByteCount = 0

    /// By what it is, in bytes.
    var connections: Int {
        connectionCount * Self.connectionByteCount + secureConnectionCount * Self.secureConnectionByteCount
            + certifiedConnectionCount * Self.clientCertificateByteCount
    }
    var requests: Int { held.requests + publicationByteCount }
    var answers: Int { held.answers }

    /// All but what is held for readers.
    var byteCount: Int { connections + requests + answers }

    init(limit: Int) {
        self.limit = limit
    }

    /// A connection holds so much instead of what it held.
    mutating func change(from before: HeldBytes, to now: HeldBytes) {
        held.requests += now.requests - before.requests
        held.answers += now.answers - before.answers
    }
}

/// How near the limit is. Each step gives up a little more, and what is being served goes on. Last of all, half beyond the limit,
/// readers end that would come to cover more (`BrokerReplica.readerByteLimit`).
enum MemoryPressure: Comparable {
    case none
    /// The limit is reached: readers, answers and bodies that would have to be held are refused, and flushes are small.
    case high
    /// A quarter beyond it: new connections are turned away.
    case severe

    init(_ byteCount: Int, of limit: Int) {
        self = byteCount <= limit ? .none : byteCount <= limit + limit / 4 ? .high : .severe
    }
}

extension TopicPattern {
    /// What a list of them takes: each has its text apart.
    static func byteCount(of patterns: [TopicPattern]) -> Int {
        patterns.reduce(0) { $0 + 72 + $1.text.count }
    }
}

extension Workspace {
    /// Bytes that are held for clients at present.
    var clientByteCount: Int { memory.byteCount + readerByteCount }

    /// Those of readers, and of what former ones left.
    var readerByteCount: Int {
        formerReplicas.reduce(replica.readerByteCount) { $0 + $1.readerByteCount }
    }

    /// Whether the limit is reached.
    var isMemoryShort: Bool { clientByteCount > memory.limit }

    /// Whether a peer may make the loop hold so many bytes.
    func mayHold(_ byteCount: Int) -> Bool { byteCount <= ClientMemory.freeByteCount || !isMemoryShort }

    /// The door of all that may have to be held long: readers, answers, bodies.
    func demandMemory() throws(Problem) {
        if isMemoryShort { throw overloaded() }
    }

    /// Why a subscriber may not cover more.
    func problemOfOverfull(_ id: SubscriberID) -> Problem {
        let limit = configuration.subscribers.coveredTopicLimit
        return replica.coveredCount(of: id) >= limit ? .tooManyCovered(limit) : overloaded()
    }

    /// The refusal for want of memory. Not all come back at once.
    func overloaded() -> Problem { .overloaded(retryAfter: Int.random(in: 1...5, using: &generator)) }

    /// Looks at how near the limit is, with so many bytes held for readers: a turn ends.
    func weighMemory(readers readerByteCount: Int) {
        let others = memory.byteCount
        replica.readerByteLimit = memory.limit + memory.limit / 2 - others
        if freedMemory.isTime(now, holding: others + readerByteCount) { Allocator.returnFreed() }
        let pressure = MemoryPressure(others + readerByteCount, of: memory.limit)
        guard pressure != memoryPressure else { return }
        if memoryPressure == .none {
            note(
                .memoryShort, ["bytes": .integer(others + readerByteCount), "limit": .integer(memory.limit)])
        }
        memoryPressure = pressure
    }
}
