/// One core's share of the gateway: its connections, its subscribers, its copy of the topics, turn by turn.
package import Broker
internal import HTTP
internal import Logging
internal import Primitives
internal import Synchronization
package import Transport

/// Born, living and ending on one thread; never Sendable. Others reach it through the sequencer's inbox and its
/// `LoopControl`.
package final class GatewayLoop {
    /// One read: what a connection may bring in before the others have had their turn.
    static let readByteCount = 64 * 1024
    /// Connections accepted in one turn.
    static let acceptLimit = 256
    /// How long nobody is accepted when there is not even a descriptor to refuse with.
    static let acceptPause = Duration.milliseconds(100)
    /// Readers flushed in one turn, a millisecond or two: then comes what publishers have sent meanwhile, so that the next
    /// ones are sent that as well.
    static let flushLimit = 128
    /// What would be due before the poller, whose clock ticks in milliseconds, could wake the loop is due now.
    static let clockStep = Duration.microseconds(500)
    /// What a connection may make the loop answer before the others have had their turn.
    static let outputByteCount = 64 * 1024

    let shared: GatewayShared
    let statistics: LoopStatistics
    let replica: BrokerReplica
    let compression: LoopCompression
    var configuration: GatewayConfiguration { shared.configuration }
    let intervals: Intervals
    private let inbox: Inbox
    let control: LoopControl

    let kernel: any Kernel
    var clock: Clock { kernel.clock }
    var isListening = true
    var wheel: TimerWheel
    var connections: [Connection?] = []
    var freeTokens: [UInt32] = []
    var closedTokens: [UInt32] = []
    private var readers: [SubscriberID] = []
    var due: [UInt32] = []
    private var again: [UInt32] = []
    private var flushDelay: FlushDelay
    private var lastFlushed: Instant
    let scratch: UnsafeMutableBufferPointer<UInt8>
    var isDraining = false
    var cutAt = Instant.never
    var acceptingAgain = Instant.never
    /// Connections that wait for the loops' answers to a survey.
    var askers: [UInt32] = []
    var notices = NoticeThrottle()
    var liveConnectionCount = 0

    /// The present moment, as of the turn's beginning.
    private(set) var now: Instant
    private(set) var time: UnixTime
    /// What the front end at work wants sent.
    var output = ByteBuffer(capacity: 128 * 1024)
    /// What the replica hands out, and what publishers hand in; reused.
    var batch = Batch()
    var publishing = UpdateBatch()
    var generator = SystemRandomNumberGenerator()
    let cursorPrefix: [UInt8]

    package init(shared: GatewayShared, inbox: Inbox, control: LoopControl, kernel: any Kernel) {
        self.shared = shared
        self.inbox = inbox
        self.control = control
        self.kernel = kernel
        now = kernel.clock.now()
        time = kernel.clock.time()
        lastFlushed = now
        intervals = Intervals(shared.configuration)
        statistics = control.statistics
        compression = LoopCompression(
            shared.configuration.subscribers.compression, control.statistics, kernel.clock)
        replica = BrokerReplica(inbox: inbox, delays: control.statistics.delays)
        flushDelay = FlushDelay(longest: shared.configuration.subscribers.flushInterval)
        cursorPrefix = Array("\(inbox.epoch.text)-".utf8)
        // What may wait is one read, or a head that is not whole: the rest of the space is for what comes.
        let request = shared.configuration.http.request
        let headByteCount = request.requestLineByteCount + request.headerByteCount + 1024
        scratch = .allocate(capacity: Self.readByteCount + max(Self.readByteCount, headByteCount))
        wheel = TimerWheel(now: now)
    }

    deinit {
        scratch.deallocate()
    }

    /// Turns until the gateway has drained.
    package func run() {
        var ready: [Poller.Event] = []
        while !hasDrained {
            do {
                try kernel.wait(timeout: timeout(), into: &ready)
                turn(ready)
            } catch {
                shared.log.error("a loop stopped", ["reason": .text("\(error)")])
                return
            }
        }
    }

    /// Whether the gateway has drained and nobody is left.
    package var hasDrained: Bool { isDraining && liveConnectionCount == 0 }

    /// Nothing is done in reaction: a turn is these steps from top to bottom. `ready` is what the kernel has told.
    package func turn(_ ready: [Poller.Event]) {
        now = clock.now()
        time = clock.time()
        replica.catchUp()
        for event in ready { handle(event) }
        if now >= acceptingAgain { resumeAccepting() }
        // Before the deadlines: a goodbye is the last thing a reader is told, also of what came in this turn.
        replica.catchUp()
        expireDeadlines()
        flushReaders()
        workAgain()
        answerSurveys()
        if !askers.isEmpty { flushAskers() }
        if control.isDraining, !isDraining { beginDrain() }
        freeTokens.append(contentsOf: closedTokens)
        closedTokens.removeAll(keepingCapacity: true)
        publishGauges()
    }

    /// How long the next wait may last, nil for ever. Asking announces the wait: the next update wakes the loop.
    package func timeout() -> Duration? {
        if !again.isEmpty || !inbox.sleep() || (control.isDraining && !isDraining) { return .zero }
        var deadline = min(wheel.nextDeadline ?? .never, acceptingAgain)
        if let due = replica.flushDue { deadline = min(deadline, due) }
        return deadline == .never ? nil : deadline.since(clock.now())
    }

    private func handle(_ event: Poller.Event) {
        if let listener = event.listener {
            acceptAll(from: listener)
            return
        }
        guard let connection = connections[Int(event.token)], connection.isOpen else { return }
        if event.isWritable, connection.isWaitingToWrite { sendUnsent(connection) }
        guard connection.isOpen, event.isReadable else { return }
        if connection.isWaitingToRead {
            // What was left of the last read comes first; the kernel tells of the rest again.
            if !connection.isInAgain || connection.unread == nil { read(connection) }
        } else if event.isHungUp {
            end(connection, .broken)
        }
    }

    // MARK: Subscribers

    private func flushReaders() {
        guard let due = replica.flushDue else { return }
        let start = clock.now()
        guard due <= start + Self.clockStep else { return }
        replica.takeReady(at: start + Self.clockStep, limit: Self.flushLimit, into: &readers)
        for subscriber in readers where replica.contains(subscriber) {
            guard let connection = connections[Int(replica.owner(of: subscriber))] else { continue }
            flush(connection)
        }
        let end = clock.now()
        flushDelay.count(flushing: end.since(start), of: end.since(lastFlushed))
        lastFlushed = end
        replica.flushDelay = flushDelay.interval
    }

    func flush(_ connection: Connection) {
        guard connection.isOpen, connection.unsent == nil, connection.endReason == nil else { return }
        connection.frontEnd.flush(connection, self)
        settle(connection)
    }

    /// Comes back to the connection in the next turn, after the others.
    func workLater(_ connection: Connection) {
        guard !connection.isInAgain else { return }
        connection.isInAgain = true
        again.append(connection.token)
    }

    private func workAgain() {
        guard !again.isEmpty else { return }
        let tokens = again
        again.removeAll(keepingCapacity: true)
        for token in tokens {
            guard let connection = connections[Int(token)], connection.isInAgain else { continue }
            connection.isInAgain = false
            guard connection.isOpen else { continue }
            flush(connection)
            if connection.isOpen, connection.unsent == nil, connection.unread != nil,
                connection.frontEnd.isReading
            {
                process(connection, freshCount: 0)
            }
            // What waits may be the beginning of something, of which the stream holds the rest.
            if connection.isOpen, connection.holdsInput, connection.isWaitingToRead,
                connection.unread == nil || !connection.isInAgain
            {
                read(connection)
            }
        }
    }

    // MARK: Figures

    private func publishGauges() {
        statistics.turns.record(from: now, to: clock.now())
        statistics.connections.store(liveConnectionCount, ordering: .relaxed)
        statistics.conflated.store(Int(replica.conflated), ordering: .relaxed)
        statistics.slots.store(replica.slotCount, ordering: .relaxed)
    }
}
