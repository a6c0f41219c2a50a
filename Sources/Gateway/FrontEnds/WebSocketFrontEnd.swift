/// A WebSocket client: commands in, updates out (RFC 6455; docs/protocol.md, section 4).
internal import Broker
internal import HTTP
internal import Primitives
internal import Transport
internal import WebSocket

final class WebSocketFrontEnd: FrontEnd {
    var end: WebSocketEnd
    var session: ReaderSession
    /// When the reader is looked at that has not answered a ping; `never` where none is on its way.
    var pongDue = Instant.never
    /// When the peer was last sent what its program sees: a message. A browser sees no pings, so they put off no
    /// heartbeat.
    var lastSeen: Instant
    var receipts = ReadReceipts()
    /// Made when an outcome is first waited for: most clients publish nothing.
    var publications: PendingAnswers?
    /// Made when a subscribe or unsubscribe takes longer than a step.
    var commands: UndoneCommands?
    var standing = Standing()

    // MARK: Opening

    /// Answers the upgrade request.
    static func open(
        _ head: RequestHead, _ response: inout some Responder, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> WebSocketFrontEnd {
        let opening = try OpeningHandshake(head, work.configuration.subscribers.compression)
        let request = try SubscriptionRequest(head, from: connection, work)
        if !request.patterns.isEmpty { try work.demandOpen(.subscribe, connection) }
        if let refusal = work.refusal(of: connection) { throw refusal }
        let mustShowProof = try mustShowProof(connection, work)
        opening.answer(&response, connection, work)
        let frontEnd = WebSocketFrontEnd(request, opening.agreement, connection, work)
        if mustShowProof { frontEnd.waitForProof(work) }
        frontEnd.begin(request, connection, work)
        return frontEnd
    }

    private init(
        _ request: SubscriptionRequest, _ agreement: PerMessageDeflate.Agreement?, _ connection: Connection,
        _ work: Workspace
    ) {
        end = WebSocketEnd(agreement, work.configuration.subscribers)
        session = ReaderSession(request, of: connection, work)
        lastSeen = work.now
        work.statistics.add(.webSockets)
        work.statistics.add(.openedStreams)
    }

    private func begin(_ request: SubscriptionRequest, _ connection: Connection, _ work: Workspace) {
        let name = work.generator.next()
        work.appendMessage("welcome", id: nil) { output in
            output.append(",\"session\":\"")
            output.append(hexadecimal: name, digitCount: 16)
            output.append("\",\"server\":\"tidegate/")
            output.append(ProductVersion.text)
            output.append("\",\"heartbeat\":")
            let seconds = work.configuration.subscribers.pingInterval.nanoseconds / 1_000_000_000
            output.append(decimal: session.heartbeat > 0 ? UInt64(session.heartbeat) : seconds)
            output.append(limitsOf: work.configuration.subscribers)
        }
        guard !request.patterns.isEmpty else { return }
        let command = ClientCommand.subscribe(
            request.patterns, cursor: request.cursor, last: request.last, rate: .unchanged,
            wantsStaleness: false)
        if waits(for: request.cursor, command, id: nil, connection, work) { return }
        subscribe(
            request.patterns, cursor: request.cursor, last: request.last, rate: .unchanged, id: nil,
            connection, work)
    }

    var transport: StaticString { "websocket" }
    var reader: Reader? { Reader(id: session.subscriber, replica: session.replica) }
    var maximumRate: Double? { session.pace.maximumRate }
    var stalledSince: Instant? { receipts.fullSince }

    var heldByteCount: Int {
        end.heldByteCount + session.heldByteCount + (publications?.heldByteCount ?? 0)
            + (commands?.heldByteCount ?? 0)
    }

    // MARK: Input

    /// A publisher that is ahead of the outcomes waits, in the kernel, until some have come. A client whose last command takes
    /// longer waits too: commands are answered in order.
    var isReading: Bool { !(publications?.isFull ?? false) && commands == nil }

    func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ work: Workspace
    ) -> Int {
        let (consumed, event) = end.next(input, connection, work)
        pongDue = .never
        if let event { handle(event, input, connection, work) }
        return consumed
    }

    private func handle(
        _ event: ReadEvent, _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection,
        _ work: Workspace
    ) {
        // An answer that was asked for is no flood.
        if case .pong(let range) = event, receipts.isAwaited, input[range].elementsEqual(ReadReceipts.sign) {
            receive(receiptFrom: connection, work)
            return
        }
        guard let verdict = end.admit(connection, work) else { return }
        switch event {
        case .message(let opcode, let range):
            take(opcode, UnsafeBufferPointer(rebasing: input[range]).span, verdict, connection, work)
        case .assembledMessage(let opcode):
            take(opcode, end.takeAssembled().span, verdict, connection, work)
        case .ping(let range):
            guard case .accepted = verdict else { return }
            work.output.append(frame: .pong, payload: UnsafeBufferPointer(rebasing: input[range]).span)
        case .pong, .close: return
        }
    }

    private func receive(receiptFrom connection: Connection, _ work: Workspace) {
        let wasFull = receipts.isFull
        receipts.answered(at: work.now, roundTrip: connection.stream.roundTrip)
        guard wasFull else { return }
        connection.facts.subtract([.isFull, .isStallTold])
        work.comeBack()
    }

    private func take(
        _ opcode: Opcode, _ message: Span<UInt8>, _ verdict: MessageRate.Verdict, _ connection: Connection,
        _ work: Workspace
    ) {
        lastSeen = work.now
        if opcode == .binary {
            end.close(
                with: .unsupportedData, reason: "messages are JSON text", .refused, connection, work)
        } else {
            command(message, verdict, connection, work)
        }
    }

    // MARK: Updates

    func flush(stream _: UInt16, budget: Int, _ connection: Connection, _ work: Workspace) {
        guard end.maySend else { return }
        if commands != nil { carryOn(connection, work) }
        if !receipts.isFull { flushMarked(budget: budget, connection, work) }
    }

    private func flushMarked(budget: Int, _ connection: Connection, _ work: Workspace) {
        guard mayBeSentUpdates(connection, work) else { return }
        let start = work.output.count
        session.drain(budget: budget, connection, work)
        for gap in work.batch.gaps { work.appendMessage("gap", id: nil) { $0.append(commaGapMembers: gap) } }
        work.appendUpdatesMessage(end.compression, of: session.replica)
        if !work.batch.staleNotices.isEmpty { work.appendStaleMessages(of: session.replica) }
        while let live = session.nextLive(work.batch.cursor) {
            work.appendMessage("live", id: live.id) {
                $0.append(cursorMember: work.batch.cursor, of: session.replica)
                $0.append(awayMember: work.isAway)
            }
        }
        guard work.output.count > start else { return }
        lastSeen = work.now
        if receipts.sent(work.output.count - start, at: work.now) {
            appendPing(asking: true, work)
        }
        if receipts.isFull { connection.facts.insert(.isFull) }
    }

    func appendPing(asking: Bool, _ work: Workspace) {
        let payload = asking ? ReadReceipts.sign : []
        work.output.append(frame: .ping, payload: payload.span)
    }

    // MARK: Ending

    func endReader(_: UInt16, because problem: Problem, _ connection: Connection, _ work: Workspace) {
        guard end.maySend else { return }
        work.appendError(problem, id: nil, to: connection)
        let code: CloseCode = problem.code == "overloaded" ? .tryAgainLater : .policyViolation
        end.close(with: code, reason: problem.code, .refused, connection, work)
    }

    func inputEnded(_ connection: Connection, _ work: Workspace) {
        work.actions.end = end.ending ?? .peer
    }

    /// One that only publishes stays.
    func isReplaced(_ connection: Connection, _ work: Workspace) -> Bool {
        end.maySend && !session.follow(connection, work)
    }

    func sayGoodbye(_ connection: Connection, _ work: Workspace) {
        guard end.maySend else { return }
        // A cursor that comes before the answer to an unsubscribe would cover what the reader was not sent.
        if commands != nil { carryOn(connection, work) }
        flushMarked(budget: work.configuration.subscribers.flushByteCount, connection, work)
        let delay = work.reconnectDelay(because: work.goodbye)
        work.appendMessage("goodbye", id: nil) { output in
            output.append(",\"reason\":")
            output.append(jsonString: work.goodbye.reason)
            output.append(",\"reconnectAfter\":")
            output.append(decimal: UInt64(delay))
            output.append(avoiding: work.avoidedNode)
        }
        end.close(with: .goingAway, reason: work.goodbye.detail, work.goodbye.ending, connection, work)
    }

    func ended(_ work: Workspace) {
        guard session.replica.contains(session.subscriber) else { return }
        stopWaitingForProof(work)
        publications?.removeAll { work.tickets.redeem($0) }
        session.replica.removeSubscriber(session.subscriber)
        work.statistics.add(.webSockets, -1)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(commaGapMembers gap: Gap) {
        append(ASCII.comma)
        append(gapMembers: gap)
    }
}
