/// A WebSocket client: commands in, updates out (RFC 6455; docs/protocol.md, section 4).
internal import Broker
internal import HTTP
internal import Primitives
internal import Transport
internal import WebSocket

final class WebSocketFrontEnd: FrontEnd {
    private var reader: MessageReader
    var closing = CloseHandshake(role: .server)
    var session: ReaderSession
    /// When the reader is looked at that has not answered a ping; `never` where none is on its way.
    var pongDue = Instant.never
    /// When the peer was last sent what its program sees: a message. A browser sees no pings, so they put off no
    /// heartbeat.
    var lastSeen: Instant
    /// Why the gateway sent a close frame. That is why the connection ends, however the peer takes it.
    var ending: EndReason?

    private let compression: MessageCompression
    private var rate = MessageRate()
    var receipts = ReadReceipts()

    // MARK: Opening

    /// Answers the upgrade request and takes the connection over.
    static func open(_ head: RequestHead, _ connection: Connection, _ loop: GatewayLoop) throws(Problem) {
        let opening = try OpeningHandshake(head, loop.configuration.subscribers.compression)
        let request = try SubscriptionRequest(head, loop.configuration.subscribers)
        if loop.shared.isDrainingNow { throw .draining }
        loop.output.append(opening)
        let frontEnd = WebSocketFrontEnd(request, opening.agreement, connection, loop)
        connection.frontEnd = frontEnd
        if loop.shared.messageAnswer == nil { frontEnd.begin(request, connection, loop) }
    }

    private init(
        _ request: SubscriptionRequest, _ agreement: PerMessageDeflate.Agreement?, _ connection: Connection,
        _ loop: GatewayLoop
    ) {
        let settings = loop.configuration.subscribers
        reader = MessageReader(
            role: .server,
            limits: MessageLimits(
                messageByteCount: settings.messageByteCount, frameCount: settings.fragmentLimit),
            compression: agreement)
        compression = MessageCompression(agreement, settings.compression)
        session = ReaderSession(
            subscriber: loop.replica.addSubscriber(owner: connection.token),
            maximumRate: settings.granted(request.maximumRate))
        session.heartbeat = request.heartbeat ?? 0
        lastSeen = loop.now
        loop.statistics.webSockets.add()
    }

    private func begin(_ request: SubscriptionRequest, _ connection: Connection, _ loop: GatewayLoop) {
        loop.appendMessage("welcome", id: nil) { output in
            output.append(",\"session\":\"")
            output.append(hexadecimal: loop.generator.next(), digitCount: 16)
            output.append("\",\"server\":\"tidegate/")
            output.append(ProductVersion.text)
            output.append("\",\"heartbeat\":")
            let seconds = loop.configuration.subscribers.pingInterval.nanoseconds / 1_000_000_000
            output.append(decimal: session.heartbeat > 0 ? UInt64(session.heartbeat) : seconds)
        }
        if !request.patterns.isEmpty {
            subscribe(request.patterns, cursor: request.cursor, rate: .unchanged, id: nil, connection, loop)
        }
    }

    var transport: StaticString { "websocket" }
    var subscriber: SubscriberID? { session.subscriber }
    var maximumRate: Double? { session.pace.maximumRate }
    var stalledSince: Instant? { receipts.fullSince }

    // MARK: Input

    var isReading: Bool { true }

    func received(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ loop: GatewayLoop
    ) -> Int {
        do {
            let step = try reader.next(input, sharing: loop.compression.inflater)
            pongDue = .never
            if let event = step.event { handle(event, input, connection, loop) }
            return step.consumed
        } catch {
            fail(error, connection, loop)
            return input.count
        }
    }

    private func fail(_ failure: WebSocketFailure, _ connection: Connection, _ loop: GatewayLoop) {
        let isTooBig = failure.closeCode == .messageTooBig
        if isTooBig, closing.maySend {
            loop.appendError(
                Problem(413, "payload_too_large", "This is too much: \(failure.reason)."), id: nil,
                to: connection)
        }
        perform(
            closing.failed(failure), reason: failure.reason, isTooBig ? .refused : .malformed, connection,
            loop)
    }

    private func handle(
        _ event: ReadEvent, _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection,
        _ loop: GatewayLoop
    ) {
        if case .close(let code, _) = event {
            perform(closing.received(closeCode: code), reason: "", .peer, connection, loop)
            return
        }
        guard closing.maySend else { return }
        // An answer that was asked for is no flood.
        if case .pong(let range) = event, receipts.isAwaited, input[range].elementsEqual(ReadReceipts.sign) {
            receive(receiptFrom: connection, loop)
            return
        }
        let settings = loop.configuration.subscribers
        let verdict = rate.count(at: loop.now, rate: settings.messageRate, burst: settings.messageBurst)
        if case .excessive = verdict {
            endFlood(connection, loop)
            return
        }
        switch event {
        case .message(let opcode, let range):
            take(opcode, UnsafeBufferPointer(rebasing: input[range]).span, verdict, connection, loop)
        case .assembledMessage(let opcode):
            let message = reader.message.array
            reader.releaseMessage()
            take(opcode, message.span, verdict, connection, loop)
        case .ping(let range):
            guard case .accepted = verdict else { return }
            loop.output.append(frame: .pong, payload: UnsafeBufferPointer(rebasing: input[range]).span)
        case .pong, .close: return
        }
    }

    private func receive(receiptFrom connection: Connection, _ loop: GatewayLoop) {
        let wasFull = receipts.isFull
        receipts.answered(at: loop.now, roundTrip: connection.stream.roundTrip)
        guard wasFull else { return }
        connection.isStallTold = false
        loop.workLater(connection)
    }

    private func endFlood(_ connection: Connection, _ loop: GatewayLoop) {
        let problem = Problem.tooManyMessages(loop.configuration.subscribers.messageRate)
        loop.appendError(problem, id: nil, to: connection)
        perform(
            closing.close(with: .policyViolation), reason: "too many messages", .refused, connection, loop)
    }

    private func take(
        _ opcode: Opcode, _ message: Span<UInt8>, _ verdict: MessageRate.Verdict, _ connection: Connection,
        _ loop: GatewayLoop
    ) {
        lastSeen = loop.now
        if let answer = loop.shared.messageAnswer {
            answer(opcode, message) { opcode, message in
                loop.compression.append(opcode, message, compression, now: loop.now, to: &loop.output)
            }
        } else if opcode == .binary {
            perform(
                closing.close(with: .unsupportedData), reason: "messages are JSON text", .refused, connection,
                loop)
        } else {
            command(message, verdict, connection, loop)
        }
    }

    private func command(
        _ text: Span<UInt8>, _ verdict: MessageRate.Verdict, _ connection: Connection, _ loop: GatewayLoop
    ) {
        let parsed = ClientCommand.parse(text, into: &loop.publishing)
        do throws(Problem) {
            guard case .accepted = verdict else {
                loop.publishing.removeAll()
                throw .tooManyMessages(loop.configuration.subscribers.messageRate)
            }
            try obey(parsed.command.get(), id: parsed.id, connection, loop)
        } catch {
            loop.appendError(error, id: parsed.id, to: connection)
        }
    }

    private func obey(
        _ command: ClientCommand, id: [UInt8]?, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        switch command {
        case .subscribe(let patterns, let cursor, let rate):
            try checkLimit(patterns, loop)
            subscribe(patterns, cursor: cursor, rate: rate, id: id, connection, loop)
        case .unsubscribe(let patterns):
            loop.replica.catchUp()
            loop.replica.unsubscribe(session.subscriber, from: patterns)
            loop.appendMessage("unsubscribed", id: id) { $0.append(topicsMember: patterns) }
            loop.workLater(connection)
        case .pace(let rate):
            changeRate(rate, loop)
            loop.appendMessage("paced", id: id) { $0.append(rateMember: grantedRate) }
            loop.workLater(connection)
        case .publish:
            let accepted = try loop.publish(from: connection).accepted
            loop.appendMessage("published", id: id) { output in
                output.append(",\"accepted\":")
                output.append(decimal: UInt64(accepted))
            }
        case .auth:
            throw .badRequest("This gateway asks nobody for a token; go on without one.")
        case .ping: loop.appendMessage("pong", id: id)
        }
    }

    /// What is held already counts once. A pace keeps `live` back as it keeps updates; so those that are owed are
    /// bounded too, or a peer that subscribes and unsubscribes for ever would be owed ever more of them.
    private func checkLimit(_ patterns: [TopicPattern], _ loop: GatewayLoop) throws(Problem) {
        let limit = loop.configuration.subscribers.subscriptionLimit
        guard session.lives.count < limit else { throw .tooManyPending(limit) }
        let held = loop.replica.subscriptionCount(of: session.subscriber)
        guard held + patterns.count > limit else { return }
        guard held + loop.replica.unheldCount(of: patterns, by: session.subscriber) <= limit else {
            throw .tooManyTopics(limit)
        }
    }

    private func subscribe(
        _ patterns: [TopicPattern], cursor: [UInt8]?, rate: ClientCommand.RateRequest, id: [UInt8]?,
        _ connection: Connection, _ loop: GatewayLoop
    ) {
        if rate != .unchanged { changeRate(rate, loop) }
        let outcome = session.subscribe(patterns, cursor: cursor, id: id, connection, loop)
        loop.appendMessage("subscribed", id: id) { output in
            output.append(topicsMember: patterns)
            output.append(outcome.isResumed ? ",\"resumed\":true" : ",\"resumed\":false")
            output.append(rateMember: grantedRate)
        }
    }

    private func changeRate(_ rate: ClientCommand.RateRequest, _ loop: GatewayLoop) {
        guard case .limit(let wanted) = rate else { return }
        session.pace.change(maximumRate: loop.configuration.subscribers.granted(wanted), now: loop.now)
    }

    private var grantedRate: Double? { session.pace.maximumRate }

    // MARK: Updates

    func flush(_ connection: Connection, _ loop: GatewayLoop) {
        if closing.maySend, !receipts.isFull { flushMarked(connection, loop) }
    }

    private func flushMarked(_ connection: Connection, _ loop: GatewayLoop) {
        let start = loop.output.count
        session.drain(connection, loop)
        for gap in loop.batch.gaps { loop.appendMessage("gap", id: nil) { $0.append(commaGapMembers: gap) } }
        loop.appendUpdatesMessage(compression)
        while let live = session.nextLive(loop.batch.cursor) {
            loop.appendMessage("live", id: live.id) {
                $0.append(cursorMember: loop.batch.cursor, prefix: loop.cursorPrefix)
            }
        }
        guard loop.output.count > start else { return }
        lastSeen = loop.now
        if receipts.sent(loop.output.count - start, at: loop.now) {
            appendPing(asking: true, loop)
        }
    }

    func appendPing(asking: Bool, _ loop: GatewayLoop) {
        let payload = asking ? ReadReceipts.sign : []
        loop.output.append(frame: .ping, payload: payload.span)
    }

    // MARK: Ending

    func inputEnded(_ connection: Connection, _ loop: GatewayLoop) {
        loop.end(connection, ending ?? .peer)
    }

    func sayGoodbye(_ connection: Connection, _ loop: GatewayLoop) {
        guard closing.maySend else { return }
        flushMarked(connection, loop)
        let delay = loop.reconnectDelay()
        loop.appendMessage("goodbye", id: nil) { output in
            output.append(",\"reason\":\"draining\",\"reconnectAfter\":")
            output.append(decimal: UInt64(delay))
        }
        perform(closing.close(with: .goingAway), reason: "the gateway drains", .drained, connection, loop)
    }

    func perform(
        _ action: CloseHandshake.Action, reason: String, _ end: EndReason, _ connection: Connection,
        _ loop: GatewayLoop
    ) {
        switch action {
        case .nothing, .waitForPeer: return
        case .sendClose(let code):
            ending = end
            loop.output.append(closeFrame: code, reason: reason)
            perform(closing.closeFrameLeft(), reason: "", end, connection, loop)
        case .closeTransport: loop.endAfterSending(connection, ending ?? end)
        }
    }

    func ended(_ loop: GatewayLoop) {
        guard loop.replica.contains(session.subscriber) else { return }
        _ = closing.transportEnded()
        loop.replica.removeSubscriber(session.subscriber)
        loop.statistics.webSockets.add(-1)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(commaGapMembers gap: Gap) {
        append(ASCII.comma)
        append(gapMembers: gap)
    }
}
