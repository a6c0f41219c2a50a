/// One core's share of the gateway: its connections, its subscribers, its copy of the topics, turn by turn.
package import Broker
internal import HTTP
internal import Logging
internal import Primitives
internal import Synchronization
package import Transport

/// Born, living and ending on one thread; never Sendable. Others reach it through the sequencer's inbox and its mailbox. It
/// knows connections and what they wait for, and of their front ends only what every front end can do.
package final class GatewayLoop {
    /// One read: what a connection may bring in before the others have had their turn.
    static let readByteCount = 64 * 1024
    /// Readers flushed in one turn, a millisecond or two: then comes what publishers have sent meanwhile, so that the next
    /// ones are sent that as well.
    static let flushLimit = 128
    /// What would be due before the poller, whose clock ticks in milliseconds, could wake the loop is due now.
    static let clockStep = Interval(.microseconds(500))
    /// What a connection may make the loop answer before the others have had their turn.
    static let outputByteCount = 64 * 1024

    let shared: GatewayShared
    let work: Workspace
    let control: LoopControl
    let kernel: any Kernel
    private let inbox: Inbox

    var wheel: TimerWheel
    var connections: [Connection?] = []
    /// Keys whose connections are gone, as their next lives; those of this turn can't be used before the next one.
    var freeKeys: [ReaderKey] = []
    var closedKeys: [ReaderKey] = []
    /// What a turn did not come to, in order: what the kernel has told, connections whose deadlines have come, connections to
    /// come back to.
    var held = Queue<HeldEvent>()
    /// Events of connections that are new or were quiet, while many others have some.
    var strangers = Queue<HeldEvent>()
    /// From so many events at once on, strangers wait until the others have had their turn.
    package var crowdCount = 32
    var due = Queue<UInt32>()
    var expired: [UInt32] = []
    private var again = Queue<ReaderKey>()
    /// When the part of the turn at hand has had its share.
    var shareEnd = Instant.never
    var advanced: [SubscriberID] = []
    /// Questions about all connections, in turns.
    var surveys = Queue<SurveyUnderWay>()
    /// Orders to end somebody's connections, in turns.
    var disconnections = Queue<DisconnectionUnderWay>()
    var review = Review()
    var sendOff = SendOff()
    var cursorWatch = CursorWatch()
    var awayNotice = AwayNotice()
    var flushDelay: FlushDelay
    /// Whether the last turn's flushes came to their end before all readers had theirs.
    private var areReadersWaiting = false
    /// When the last turn ended, and how long this one has flushed readers.
    private var lastEnd: Instant
    private var flushing = Duration.zero
    let scratch: UnsafeMutableBufferPointer<UInt8>
    var isListening = true
    var isDraining = false
    /// When connections are told goodbye: all once the gateway drains, and before that some.
    var goodbyes: [UInt32: Farewell] = [:]
    /// When each listener is asked again for connections that wait; `never`: it is asked all the time.
    var acceptingAgain: [Instant]
    var handshakes: Handshakes
    /// Connections for which there is no room, until they are told so.
    var surplusCount = 0

    package init(
        shared: GatewayShared, inbox: Inbox, control: LoopControl, kernel: any Kernel,
        contexts: [Int: TLSContext] = [:],
        generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.shared = shared
        self.inbox = inbox
        self.control = control
        self.kernel = kernel
        acceptingAgain = Array(repeating: .never, count: shared.addresses.count)
        handshakes = Handshakes(limit: shared.configuration.handshakes.limit)
        work = Workspace(
            shared: shared, inbox: inbox, control: control, clock: kernel.clock, generator: generator)
        work.listeners = shared.addresses.map { LoopListener(address: $0, context: contexts[$0.id]) }
        flushDelay = FlushDelay(longest: shared.configuration.subscribers.flushInterval)
        lastEnd = work.now
        wheel = TimerWheel(now: work.now)
        // What may wait is one read, or a head that is not whole: the rest of the space is for what comes.
        let request = shared.configuration.http.request
        let headByteCount = request.requestLineByteCount + request.headerByteCount + 1024
        scratch = .allocate(capacity: Self.readByteCount + max(Self.readByteCount, headByteCount))
    }

    deinit {
        scratch.deallocate()
    }

    /// The steps that a walk or a question takes before the next one's turn.
    package var visitSteps: Int {
        get { replica.visitSteps }
        set { replica.visitSteps = newValue }
    }

    var replica: BrokerReplica { work.replica }
    var statistics: LoopStatistics { work.statistics }
    var configuration: GatewayConfiguration { work.configuration }
    var intervals: Intervals { work.intervals }
    /// The present moment, as of the turn's beginning.
    var now: Instant { work.now }
    /// Connections that are open.
    var liveConnectionCount: Int { work.memory.connectionCount }
    /// When those that stay are cut, once the gateway drains.
    var cutAt: Instant { work.drainPlan?.end ?? .never }

    /// Turns until the gateway has drained.
    package func run() {
        var ready: [Poller.Event] = []
        while !hasDrained {
            do {
                ready.removeAll(keepingCapacity: true)
                if wantsEvents { try kernel.wait(timeout: timeout(), into: &ready) }
                turn(ready)
            } catch {
                shared.log.tell(.loopStopped, ["reason": .text("\(error)")])
                return
            }
        }
    }

    /// Whether the gateway has drained, nobody is left, and all that was accepted is published.
    package var hasDrained: Bool { isDraining && liveConnectionCount == 0 && work.publications.isEmpty }

    /// Whether the next turn has room for what the kernel tells. Before it has, the kernel would tell the same again.
    package var wantsEvents: Bool { held.isEmpty }

    /// Nothing is done in reaction: a turn is these steps from top to bottom, and each has a share of the time. What does not
    /// fit waits for the next turn, in order. `ready` is what the kernel has told.
    package func turn(_ ready: [Poller.Event]) {
        work.beginTurn()
        expireTopics()
        work.catchUp()
        mark()
        handleMail()
        handle(ready)
        resumeAccepting()
        lookAtCursorWaits()
        // Before the deadlines: a goodbye is the last thing a reader is told, also of what came in this turn.
        work.catchUp()
        mark()
        expireDeadlines()
        flushReaders()
        workAgain()
        publishParts()
        walk()
        surveyConnections()
        disconnect()
        reviewConnections()
        sendOffReaders()
        tellWhetherAway()
        endOverfull()
        endDrainWatchers()
        freeKeys.append(contentsOf: closedKeys)
        closedKeys.removeAll(keepingCapacity: true)
        publishGauges()
    }

    /// How long the next wait may last, nil for ever. Asking announces the wait: the next update wakes the loop.
    package func timeout() -> Duration? {
        if hasWork || !inbox.sleep() { return .zero }
        var deadline = min(wheel.nextDeadline ?? .never, acceptingAgain.min() ?? .never, nextTopicExpiry)
        deadline = min(deadline, work.freedMemory.due)
        if let due = replica.flushDue { deadline = min(deadline, due) }
        if work.sharesLog { deadline = min(deadline, lastEnd + AwayNotice.interval) }
        return deadline == .never ? nil : deadline.since(kernel.clock.now())
    }

    /// Whether the last turn has left something to do.
    private var hasWork: Bool {
        !again.isEmpty || !held.isEmpty || !strangers.isEmpty || !due.isEmpty || replica.hasUnmarked
            || replica.hasWalks || replica.hasOverfull || !work.publications.isEmpty || !surveys.isEmpty
            || !disconnections.isEmpty || review.isUnderWay || isSendingOff
            || hasCursorWaits || isTellingWhetherAway
    }

    // MARK: Shares

    /// Begins a part of the turn.
    func beginShare(_ share: Interval) {
        shareEnd = kernel.clock.now() + share
    }

    /// Gives the part of the turn at least so much more.
    func extendShare(_ share: Interval) {
        shareEnd = max(shareEnd, kernel.clock.now() + share)
    }

    /// Whether the part of the turn has taken its time. To read the clock costs some 25 ns: it is asked before what costs a
    /// hundred times as much, and after several things that cost less.
    var isShareSpent: Bool { kernel.clock.now() >= shareEnd }

    /// The connection of that key; nil when it is gone, even if another one has its number now.
    func connection(of key: ReaderKey) -> Connection? {
        guard let connection = connections[Int(key.connection)], connection.isOpen,
            connection.key.generation == key.generation
        else { return nil }
        return connection
    }

    // MARK: Readers

    private func flushReaders() {
        guard let due = replica.flushDue else { return }
        let start = kernel.clock.now()
        let horizon = start + Self.clockStep
        guard due <= horizon else { return }
        beginShare(Share.flushes)
        areReadersWaiting = true
        for place in 0..<Self.flushLimit {
            if place > 0, isShareSpent { break }
            guard let subscriber = replica.takeReady(at: horizon) else {
                areReadersWaiting = false
                break
            }
            let key = replica.owner(of: subscriber)
            if let connection = connection(of: key) { flush(connection, stream: key.stream) }
        }
        flushing = kernel.clock.now().since(start)
    }

    /// Drains what the stream's reader lacks, up to a flush's budget, and sends it in one call.
    private func flush(_ connection: Connection, stream: UInt16) {
        guard connection.phase == .serving, !connection.hasUnsent, connection.endReason == nil else {
            return
        }
        connection.frontEnd.flush(stream: stream, budget: flushByteCount, connection, work)
        settle(connection)
    }

    /// What one flush may carry. While readers wait for their turn it is less, so that those who lack little do not wait for
    /// those who lack much. Where memory is short it is little: what a reader does not take at once has to be held.
    private var flushByteCount: Int {
        let most = configuration.subscribers.flushByteCount
        guard work.memoryPressure == .none else { return min(most, 4096) }
        return areReadersWaiting ? max(most / 4, min(most, 4096)) : most
    }

    /// Comes back to the connection in the next turn, after the others.
    func workLater(_ connection: Connection) {
        guard !connection.facts.contains(.isInAgain) else { return }
        connection.facts.insert(.isInAgain)
        again.append(connection.key)
    }

    private func workAgain() {
        guard !again.isEmpty else { return }
        beginShare(Share.again)
        for place in 0..<again.count {
            if place > 0, isShareSpent { return }
            guard let key = again.popFirst() else { return }
            guard let connection = connection(of: key) else { continue }
            connection.facts.remove(.isInAgain)
            flush(connection, stream: key.stream)
            if connection.hasUnread, wantsToRead(connection) { process(connection, freshCount: 0) }
            // What is unread may be the beginning of something, of which the stream holds the rest.
            if connection.facts.contains(.holdsInput), wantsToRead(connection),
                !connection.hasUnread || !connection.facts.contains(.isInAgain)
            {
                read(connection)
            }
        }
    }

    // MARK: Figures

    private func publishGauges() {
        let end = kernel.clock.now()
        statistics[.turns].record(from: now, to: end)
        flushDelay.count(flushing: flushing, busy: end.since(now), of: end.since(lastEnd))
        flushing = .zero
        replica.flushDelay = flushDelay.interval
        lastEnd = end
        statistics.connections.store(liveConnectionCount, ordering: .relaxed)
        statistics.set(.conflated, to: Int(replica.conflated))
        statistics.set(.subscriptions, to: replica.slotCount)
        statistics.set(.unpublishedTopics, to: replica.unpublishedCount)
        statistics.set(.openHandshakes, to: handshakes.count)
        statistics.set(.heldConnections, to: work.memory.connections)
        statistics.set(.heldRequests, to: work.memory.requests)
        statistics.set(.heldAnswers, to: work.memory.answers)
        let readerByteCount = work.readerByteCount
        statistics.set(.heldSubscriptions, to: readerByteCount)
        work.weighMemory(readers: readerByteCount)
    }
}
