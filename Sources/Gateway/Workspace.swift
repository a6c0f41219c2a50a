/// The tools of front ends: one loop's replica, settings, clock, buffers and figures.
internal import Access
internal import Broker
internal import Primitives

/// It has no socket and knows no connection, so a test makes one and drives a front end by hand. A front end's step leaves
/// bytes in `output` and wishes in `actions`; nothing of a step is left when the next connection's begins. Owned by the loop's
/// thread.
final class Workspace {
    let shared: GatewayShared
    /// The settings at present, and what follows from them: a reload brings others.
    private(set) var configuration: GatewayConfiguration
    private(set) var access: AccessPolicy
    private(set) var succession: Succession
    private(set) var intervals: Intervals
    /// By number, those too that are gone, and of which there are connections still. Empty in a test without a loop.
    var listeners: [LoopListener]
    let statistics: LoopStatistics
    /// Who comes reads this. Readers that are there hold the one that they read: it may have been replaced since.
    private(set) var replica: BrokerReplica
    /// Replicas that were replaced and are not taken apart yet.
    var formerReplicas: [BrokerReplica] = []
    /// How often it was replaced.
    private(set) var replacementCount = 0
    let compression: LoopCompression
    let clock: Clock
    let mailbox: Mailbox

    /// The present moment, as of the turn's beginning.
    private(set) var now: Instant
    private(set) var time: UnixTime
    /// The bytes that the front end at work wants sent.
    var output = ByteBuffer(capacity: 128 * 1024)
    /// Its wishes for the connection.
    var actions = Actions()
    /// The replica's answers, and publishers' updates on their way; reused.
    var batch = Batch()
    var publishing = UpdateBatch()
    var generator: any RandomNumberGenerator
    var notices = NoticeThrottle()
    /// Tokens that were verified lately, and who has shown wrong credentials.
    var verifiedTokens = KnownPrincipals(limit: 10_000)
    var tickets = Tickets()
    /// Large batches that are published in parts, how many updates a part has, and how large the body of such a batch is: more
    /// than comes with one read.
    var publications = Queue<LargePublication>()
    var partCount = 256
    var largeByteCount = GatewayLoop.readByteCount
    /// What the loop holds for its clients, and how near the limit that is, as of the last turn's end.
    var memory: ClientMemory
    var memoryPressure = MemoryPressure.none
    var freedMemory = FreedMemory()
    /// Whether what was kept is not there yet.
    private(set) var isRestoring: Bool
    /// Whether others append to the log as well; and those that wait for what they have appended.
    let sharesLog: Bool
    var cursorWaits = Queue<CursorWait>()
    /// Since when the log has lost what others append; nil: it has that.
    private(set) var awaySince: Instant?
    /// Nil as long as the gateway does not drain.
    var drainPlan: DrainPlan?
    /// Why those are asked to go to whom a goodbye is said.
    var goodbye = Goodbye.draining
    /// How much each connection has published lately, where a setting limits that.
    var publishRates: [ReaderKey: Allowance] = [:]

    init(
        shared: GatewayShared, inbox: Inbox, control: LoopControl, clock: Clock,
        generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.shared = shared
        configuration = shared.configuration
        listeners = shared.addresses.map { LoopListener(address: $0) }
        access = AccessPolicy(shared.configuration, at: shared.addresses)
        succession = shared.configuration.access.succession
        self.clock = clock
        self.generator = generator
        mailbox = control.mailbox
        intervals = Intervals(shared.configuration)
        statistics = control.statistics
        compression = LoopCompression(
            shared.configuration.subscribers.compression, control.statistics, clock)
        replica = BrokerReplica(inbox: inbox, statistics: control.statistics.delivery)
        memory = ClientMemory(limit: 0)
        isRestoring = shared.isRestoring
        sharesLog = shared.updates.isShared
        replica.coveredLimit = shared.configuration.subscribers.coveredTopicLimit
        now = clock.now()
        time = clock.time()
        bound(memory: shared.clientByteLimit(configuration))
    }

    /// What the loop holds for its clients may take so many bytes.
    func bound(memory byteCount: Int) {
        statistics.set(.clientByteLimit, to: byteCount)
        memory.limit = byteCount
    }

    /// Goes by other settings from now on. Tokens have to be verified anew: their keys may be others.
    func take(_ settings: GatewayConfiguration) {
        configuration = settings
        intervals = Intervals(settings)
        replica.coveredLimit = settings.subscribers.coveredTopicLimit
        bound(memory: shared.clientByteLimit(settings))
        access = AccessPolicy(settings, at: openAddresses)
        succession = settings.access.succession
        verifiedTokens = KnownPrincipals(limit: verifiedTokens.limit)
    }

    /// Where the loop accepts connections.
    var openAddresses: [ListeningAddress] { listeners.filter(\.isOpen).map(\.address) }

    /// Where the connection came in; nil in a test without a loop.
    func endpoint(of connection: Connection) -> Endpoint? {
        let listener = Int(connection.listener)
        return listener < listeners.count ? listeners[listener].address.endpoint : nil
    }

    /// What that endpoint opens.
    func doors(of connection: Connection) -> Doors {
        let listener = Int(connection.listener)
        return listener < listeners.count ? listeners[listener].address.endpoint.doors : .all
    }

    /// Who has shown nothing.
    var stranger: Principal { configuration.access.credentials.anonymous }

    /// The connection's principal may nothing from now on. Its reader is told so, and ends, within the time over which goodbyes are
    /// spread, so that not all come back at once.
    func withdraw(_ connection: Connection) {
        let farewell = randomMoment(within: configuration.drain.spread)
        connection.principal = Principal(withdrawn: connection.principal, at: now, farewell: farewell)
    }

    func randomMoment(within spread: Duration) -> Instant {
        now + .nanoseconds(Int64.random(in: 0...Int64(spread.nanoseconds), using: &generator))
    }

    /// The steps that a question may take before the others have had their turn.
    var ration: Ration { Ration(steps: replica.visitSteps) }

    /// Reads the clocks: a turn begins.
    func beginTurn() {
        now = clock.now()
        time = clock.time()
        if sharesLog { awaySince = shared.updates.awaySince }
    }

    /// Whether what readers are sent may be behind.
    var isAway: Bool { awaySince != nil }

    /// Takes what was published. What was kept comes at once, so a loop that has found anything holds all of it.
    func catchUp() {
        replica.catchUp()
        while replica.isReplaced {
            formerReplicas.append(replica)
            replica = BrokerReplica(succeeding: replica)
            replacementCount += 1
        }
        guard isRestoring, replica.hasBegun else { return }
        isRestoring = false
        shared.loopIsRestored()
    }

    /// What those are told who come while it is restored.
    var restoring: Problem { Problem(shared.updates.refusal ?? .restoring(percent: 100)) }

    /// Comes back to the connection in the next turn, after the others.
    func comeBack() {
        actions.comesBack = true
    }

    /// The wishes of the last step. The next step begins without any.
    func takeActions() -> Actions {
        defer { actions = Actions() }
        return actions
    }

    /// Twice what it takes a loop to take in a reader that comes back, without and with a TLS handshake, because half of its time is for
    /// what it does otherwise: 80 µs, 450 with a P-256 certificate, and a millisecond with RSA (`Benchmarks/returns`).
    private static let returnTime = Duration.microseconds(200)
    private static let secureReturnTime = Duration.microseconds(2000)

    /// How long another loop like this one would take to take in all that are connected here.
    var returnLoad: Duration {
        let secureCount = memory.secureConnectionCount
        return Self.returnTime * (memory.connectionCount - secureCount) + Self.secureReturnTime * secureCount
    }

    /// The time over which those are spread who leave, and come back, because their state was replaced.
    var returnSpread: Duration { max(.seconds(1), returnLoad) }

    /// How this loop sends its connections away from now on.
    func planDrain() -> DrainPlan {
        let avoided = shared.updates.fleet.flatMap { $0.hasOthers(at: now) ? $0.own.name : nil }
        return DrainPlan(configuration.drain, load: returnLoad, avoided: avoided, at: now)
    }

    /// The node that those who go are not to come back to; nil: they may, or there is no other.
    var avoidedNode: String? {
        if case .draining = goodbye { drainPlan?.avoided } else { nil }
    }

    /// How many milliseconds whoever is sent away is told to wait. Not less than a drain can last: who comes earlier finds this
    /// gateway, or nobody. And spread, so that they do not all come at once.
    func reconnectDelay(because goodbye: Goodbye = .draining) -> Int {
        if case .replaced = goodbye, !shared.isDraining {
            return Int.random(in: 100...returnSpread.inMilliseconds, using: &generator)
        }
        // A drain that this loop has not been told of has just begun.
        if let plan = drainPlan ?? (shared.isDraining ? planDrain() : nil) {
            return plan.reconnectDelay(at: now, &generator)
        }
        let spread = configuration.drain.reconnectSpread.inMilliseconds
        return DrainPlan.succession.inMilliseconds + Int.random(in: 0...max(spread, 1), using: &generator)
    }

    /// Why whoever speaks over `connection` is sent away, and when to come back; nil where they are welcome.
    func refusal(of connection: Connection) -> Problem? {
        if let surplus = connection.surplus { return surplus.problem(wait: reconnectDelay()) }
        if isMemoryShort { return overloaded() }
        return shared.isDraining ? .draining(wait: reconnectDelay()) : nil
    }
}
