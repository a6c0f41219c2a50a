/// One core's share of the gateway: its connections, its subscribers, its copy of the topics, turn by turn.
internal import Broker
internal import HTTP
internal import Primitives
internal import Synchronization
internal import Transport

/// Born, living and ending on one thread; never Sendable. Others reach it through the sequencer's inbox and its
/// `LoopControl`.
final class GatewayLoop {
    static let listenerToken: UInt32 = 0
    static let wakeupToken: UInt32 = 1
    /// One read: what a connection may bring in before the others have had their turn.
    static let readByteCount = 64 * 1024
    /// Connections accepted in one turn.
    private static let acceptLimit = 256
    /// How long nobody is accepted when there is not even a descriptor to refuse with.
    private static let acceptPause = Duration.milliseconds(100)
    /// What a connection may make the loop answer before the others have had their turn.
    private static let outputByteCount = 64 * 1024

    let shared: GatewayShared
    let statistics: LoopStatistics
    let replica: BrokerReplica
    let compression: LoopCompression
    var configuration: GatewayConfiguration { shared.configuration }
    private let inbox: Inbox
    private let control: LoopControl

    private var poller: Poller
    private var listener: Listener?
    private var wheel: TimerWheel
    private var connections: [Connection?] = [nil, nil]
    private var freeTokens: [UInt32] = []
    private var closedTokens: [UInt32] = []
    private var ready: [Poller.Event] = []
    private var readers: [SubscriberID] = []
    private var due: [UInt32] = []
    private var again: [UInt32] = []
    private let scratch: UnsafeMutableBufferPointer<UInt8>
    private var isDraining = false
    private var cutAt = Instant.never
    private var acceptingAgain = Instant.never
    private var exhaustionTold: Instant?

    /// The present moment, as of the turn's beginning.
    private(set) var now = Instant.now()
    private(set) var time = UnixTime.now()
    /// What the front end at work wants sent.
    var output = ByteBuffer(capacity: 128 * 1024)
    /// What the replica hands out, and what publishers hand in; reused.
    var batch = Batch()
    var publishing = UpdateBatch()
    var generator = SystemRandomNumberGenerator()
    let cursorPrefix: [UInt8]

    init(shared: GatewayShared, inbox: Inbox, control: LoopControl, address: SocketAddress)
        throws(SystemFailure)
    {
        self.shared = shared
        self.inbox = inbox
        self.control = control
        statistics = control.statistics
        compression = LoopCompression(shared.configuration.subscribers.compression, control.statistics)
        replica = BrokerReplica(inbox: inbox)
        cursorPrefix = Array("\(inbox.epoch.text)-".utf8)
        // What may wait is one read, or a head that is not whole: the rest of the space is for what comes.
        let request = shared.configuration.http.request
        let headByteCount = request.requestLineByteCount + request.headerByteCount + 1024
        scratch = .allocate(capacity: Self.readByteCount + max(Self.readByteCount, headByteCount))
        wheel = TimerWheel(now: Instant.now())
        poller = try Poller()
        let listener = try Listener(address, shared.configuration.sockets)
        try poller.add(listener.number, token: Self.listenerToken, .read)
        try poller.add(control.wakeup.descriptor, token: Self.wakeupToken, .read)
        self.listener = consume listener
    }

    deinit {
        scratch.deallocate()
    }

    /// Turns until the gateway has drained.
    func run() {
        while !isDraining || liveConnectionCount > 0 {
            do {
                try turn()
            } catch {
                shared.log.error("a loop stopped", ["reason": .text("\(error)")])
                return
            }
        }
    }

    /// Nothing is done in reaction: a turn is these steps from top to bottom.
    private func turn() throws(SystemFailure) {
        try poller.wait(timeout: timeout(), into: &ready)
        now = Instant.now()
        time = UnixTime.now()
        replica.catchUp()
        for event in ready { handle(event) }
        if now >= acceptingAgain { resumeAccepting() }
        expireDeadlines()
        replica.catchUp()
        flushReaders()
        workAgain()
        if control.isDraining, !isDraining { beginDrain() }
        freeTokens.append(contentsOf: closedTokens)
        closedTokens.removeAll(keepingCapacity: true)
        publishGauges()
    }

    private func timeout() -> Duration? {
        if !again.isEmpty || !inbox.sleep() || (control.isDraining && !isDraining) { return .zero }
        let deadline = min(wheel.nextDeadline ?? .never, acceptingAgain)
        return deadline == .never ? nil : deadline.since(Instant.now())
    }

    private func handle(_ event: Poller.Event) {
        switch event.token {
        case Self.listenerToken: acceptAll()
        case Self.wakeupToken: control.wakeup.clear()
        default:
            guard let connection = connections[Int(event.token)], connection.isOpen else { return }
            if event.isWritable, connection.isWaitingToWrite { sendUnsent(connection) }
            if connection.isOpen, event.isReadable {
                if connection.isWaitingToRead {
                    // What was left of the last read comes first; the kernel tells of the rest again.
                    if !connection.isInAgain || connection.unread.isEmpty { read(connection) }
                } else if event.isHungUp {
                    end(connection, .broken)
                }
            }
        }
    }

    // MARK: Accepting

    private func acceptAll() {
        for _ in 0..<Self.acceptLimit {
            guard let outcome = listener?.accept() else { return }
            switch consume outcome {
            case .none: return
            case .connection(let stream): admit(stream)
            case .exhausted(let failure):
                turnAway(because: failure)
                return
            }
        }
    }

    /// Tells all who wait that they can't be had, as long as there is a descriptor to say it with.
    private func turnAway(because failure: SystemFailure) {
        // Once a second: a crowd at the door must not fill the disk with lines.
        if exhaustionTold.map({ now.since($0) >= .seconds(1) }) ?? true {
            exhaustionTold = now
            shared.log.warning("connections are turned away", ["reason": .text("\(failure)")])
        }
        let answer = HTTPFrontEnd.overloadedAnswer(time)
        for _ in 0..<Self.acceptLimit {
            switch listener?.turnAway(with: answer.span) ?? .nobodyWaits {
            case .turnedAway: statistics.turnedAway.add()
            case .nobodyWaits: return
            case .impossible:
                pauseAccepting()
                return
            }
        }
    }

    /// The kernel would tell of the waiting ones again and again, and nothing could be done about them.
    private func pauseAccepting() {
        acceptingAgain = now + Self.acceptPause
        watchListener([])
    }

    private func resumeAccepting() {
        acceptingAgain = .never
        watchListener(.read)
    }

    private func watchListener(_ interest: Poller.Interest) {
        guard let number = listener?.number else { return }
        do {
            try poller.change(number, token: Self.listenerToken, interest)
        } catch {
            shared.log.error("the listener can't be watched", ["reason": .text("\(error)")])
        }
    }

    private func admit(_ stream: consuming ByteStream) {
        guard liveConnectionCount < configuration.http.connectionLimit else {
            statistics.turnedAway.add()
            let answer = HTTPFrontEnd.overloadedAnswer(time)
            answer.withUnsafeBufferPointer { _ = stream.write($0) }
            return
        }
        let token = freeTokens.popLast() ?? UInt32(connections.count)
        if Int(token) == connections.count { connections.append(nil) }
        let number = stream.number
        let connection = Connection(token: token, stream: stream, frontEnd: HTTPFrontEnd(self), now: now)
        do {
            try poller.add(number, token: token, .read)
        } catch {
            // Out of kernel memory for the watch: the connection closes with its object.
            freeTokens.append(token)
            return
        }
        connections[Int(token)] = connection
        liveConnectionCount += 1
        statistics.opened.add()
        if isDraining { connection.goodbye = randomMoment(within: configuration.drain.spread) }
        schedule(connection)
    }

    private(set) var liveConnectionCount = 0

    // MARK: Reading

    private func read(_ connection: Connection) {
        let kept = connection.unread.count
        let space = UnsafeMutableBufferPointer(rebasing: scratch[kept..<(kept + Self.readByteCount)])
        switch connection.stream.read(into: space) {
        case .bytes(let count):
            statistics.receivedBytes.add(count)
            connection.lastReceived = now
            process(connection, freshCount: count)
        case .wouldBlock: break
        case .ended:
            connection.isInputEnded = true
            connection.frontEnd.inputEnded(connection, self)
            settle(connection)
        case .failed: end(connection, .broken)
        }
    }

    /// Hands the front end what waits and what came: `freshCount` bytes in the scratch space, behind the room
    /// for those that wait.
    private func process(_ connection: Connection, freshCount: Int) {
        let kept = connection.unread.count
        if kept > 0 {
            _ = UnsafeMutableBufferPointer(rebasing: scratch[..<kept]).update(
                from: connection.unread.unsafeBytes)
            connection.unread = ByteBuffer()
        }
        var rest = UnsafeMutableBufferPointer(rebasing: scratch[..<(kept + freshCount)])
        var isCut = false
        while rest.count > 0, connection.isOpen, connection.endReason == nil, connection.frontEnd.isReading {
            // Few bytes can ask for many: what can't be sent yet must not be made yet.
            isCut = output.count >= Self.outputByteCount
            if isCut { break }
            let frontEnd = connection.frontEnd
            let consumed = frontEnd.received(rest, connection, self)
            rest = UnsafeMutableBufferPointer(rebasing: rest[consumed...])
            if consumed == 0, frontEnd === connection.frontEnd { break }
        }
        if rest.count > 0, connection.isOpen, connection.endReason == nil {
            connection.unread.append(UnsafeBufferPointer(rest))
            if isCut { workLater(connection) }
        }
        settle(connection)
    }

    // MARK: Writing

    /// Sends what the front end left in `output`, and waits for what the connection then needs.
    func settle(_ connection: Connection) {
        guard connection.isOpen else {
            output.removeAll()
            return
        }
        if !output.isEmpty { transmit(connection) }
        guard connection.isOpen else { return }
        if connection.unsent.isEmpty, let reason = connection.endReason { finish(connection, reason) }
        guard connection.isOpen else { return }
        updateInterest(connection)
        schedule(connection)
    }

    private func transmit(_ connection: Connection) {
        connection.lastSent = now
        guard connection.unsent.isEmpty else {
            connection.unsent.append(output.bytes)
            output.removeAll()
            return
        }
        statistics.flushes.add()
        switch connection.stream.write(output.unsafeBytes) {
        case .bytes(let count):
            statistics.sentBytes.add(count)
            output.consume(count)
        case .wouldBlock: break
        case .failed:
            // Not a byte of it may be left for the next connection.
            output.removeAll()
            end(connection, .broken)
            return
        }
        connection.unsent.append(output.bytes)
        output.removeAll()
    }

    private func sendUnsent(_ connection: Connection) {
        switch connection.stream.write(connection.unsent.unsafeBytes) {
        case .bytes(let count):
            statistics.sentBytes.add(count)
            connection.unsent.consume(count)
            connection.lastSent = now
        case .wouldBlock: return
        case .failed:
            end(connection, .broken)
            return
        }
        guard connection.unsent.isEmpty else { return }
        connection.unsent = ByteBuffer()
        if connection.endReason == nil { connection.frontEnd.flush(connection, self) }
        settle(connection)
        if connection.isOpen, !connection.unread.isEmpty { workLater(connection) }
    }

    /// All is sent, and nothing more will be.
    private func finish(_ connection: Connection, _ reason: EndReason) {
        guard !connection.isInputEnded, reason != .peer, !(connection.frontEnd is LingeringFrontEnd) else {
            if !(connection.frontEnd is LingeringFrontEnd) { end(connection, reason) }
            return
        }
        connection.stream.endWriting()
        connection.frontEnd.ended(self)
        connection.unread = ByteBuffer()
        connection.frontEnd = LingeringFrontEnd(until: now + configuration.subscribers.closeTimeout)
        connection.scheduled = .never
        connection.goodbye = .never
    }

    private func updateInterest(_ connection: Connection) {
        let wantsToWrite = !connection.unsent.isEmpty
        let isLingering = connection.frontEnd is LingeringFrontEnd
        let wantsToRead =
            !connection.isInputEnded
            && (isLingering
                || !wantsToWrite && connection.frontEnd.isReading
                    && connection.endReason == nil)
        guard wantsToRead != connection.isWaitingToRead || wantsToWrite != connection.isWaitingToWrite else {
            return
        }
        connection.isWaitingToRead = wantsToRead
        connection.isWaitingToWrite = wantsToWrite
        var interest: Poller.Interest = []
        if wantsToRead { interest.insert(.read) }
        if wantsToWrite { interest.insert(.write) }
        do {
            try poller.change(connection.stream.number, token: connection.token, interest)
        } catch {
            end(connection, .broken)
        }
    }

    // MARK: Subscribers

    private func flushReaders() {
        replica.takeReady(into: &readers)
        for subscriber in readers where replica.contains(subscriber) {
            guard let connection = connections[Int(replica.owner(of: subscriber))] else { continue }
            flush(connection)
        }
    }

    private func flush(_ connection: Connection) {
        guard connection.isOpen, connection.unsent.isEmpty, connection.endReason == nil else { return }
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
            if connection.isOpen, connection.unsent.isEmpty, !connection.unread.isEmpty,
                connection.frontEnd.isReading
            {
                process(connection, freshCount: 0)
            }
        }
    }

    // MARK: Time

    /// Makes sure that the wheel calls no later than the front end wants. A deadline that moves away moves
    /// nothing here: the wheel calls, the connection looks, and is set anew.
    func schedule(_ connection: Connection) {
        let deadline = nextDeadline(connection)
        guard deadline < connection.scheduled else { return }
        connection.scheduled = deadline
        wheel.schedule(connection.token, at: deadline)
    }

    private func nextDeadline(_ connection: Connection) -> Instant {
        let own =
            connection.unsent.isEmpty || connection.frontEnd is LingeringFrontEnd
            ? connection.frontEnd.deadline(connection, self)
            : connection.lastSent + configuration.subscribers.sendTimeout
        return min(own, min(connection.goodbye, cutAt))
    }

    private func expireDeadlines() {
        due.removeAll(keepingCapacity: true)
        wheel.expire(now: now, into: &due)
        for token in due {
            guard let connection = connections[Int(token)], connection.isOpen else { continue }
            connection.scheduled = .never
            if now >= cutAt {
                end(connection, .drained)
            } else if now >= connection.goodbye {
                connection.goodbye = .never
                connection.frontEnd.sayGoodbye(connection, self)
            } else if connection.unsent.isEmpty || connection.frontEnd is LingeringFrontEnd {
                connection.frontEnd.deadlineCame(connection, self)
            } else if now >= connection.lastSent + configuration.subscribers.sendTimeout {
                shared.log.info(
                    "a reader took nothing and was closed",
                    [
                        "peer": .text(connection.stream.peer),
                        "bytesPending": .integer(connection.unsent.count),
                    ])
                end(connection, .timeout)
            }
            settle(connection)
        }
    }

    // MARK: Ending

    /// Closes at once.
    func end(_ connection: Connection, _ reason: EndReason) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connection.frontEnd.ended(self)
        wheel.cancel(connection.token)
        connections[Int(connection.token)] = nil
        poller.remove(connection.stream.number)
        closedTokens.append(connection.token)
        liveConnectionCount -= 1
        statistics.endings[reason]?.value.add()
    }

    /// Closes when everything is sent.
    func endAfterSending(_ connection: Connection, _ reason: EndReason) {
        if connection.endReason == nil { connection.endReason = reason }
    }

    private func beginDrain() {
        isDraining = true
        acceptAll()
        listener = nil
        cutAt = now + configuration.drain.deadline
        for connection in connections {
            guard let connection, connection.isOpen else { continue }
            connection.goodbye = randomMoment(within: configuration.drain.spread)
            schedule(connection)
        }
    }

    private func randomMoment(within spread: Duration) -> Instant {
        now + .nanoseconds(Int64.random(in: 0...Int64(spread.nanoseconds), using: &generator))
    }

    private func publishGauges() {
        statistics.turns.add()
        statistics.connections.store(liveConnectionCount, ordering: .relaxed)
        statistics.conflated.store(Int(replica.conflated), ordering: .relaxed)
        statistics.topics.store(replica.topicCount, ordering: .relaxed)
        statistics.slots.store(replica.slotCount, ordering: .relaxed)
    }
}
