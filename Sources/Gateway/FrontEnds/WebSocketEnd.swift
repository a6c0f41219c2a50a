/// The gateway's end of a WebSocket, whatever it is used for: frames in, messages out, and the closing handshake.
internal import Broker
internal import HTTP
internal import Primitives
internal import Transport
internal import WebSocket

struct WebSocketEnd: ~Copyable {
    private var reader: MessageReader
    private var closing = CloseHandshake(role: .server)
    /// Why the gateway sent a close frame. That is why the connection ends, however the peer takes it.
    private(set) var ending: EndReason?
    let compression: MessageCompression
    private var rate = MessageRate()
    /// When the message, or the frame, began that is not whole; `never` where none is.
    private var unfinishedSince = Instant.never

    init(_ agreement: PerMessageDeflate.Agreement?, _ settings: SubscriberSettings) {
        reader = MessageReader(
            role: .server,
            limits: MessageLimits(
                messageByteCount: settings.messageByteCount, frameCount: settings.fragmentLimit),
            compression: agreement)
        compression = MessageCompression(agreement, settings.compression)
    }

    /// Whether messages may still be sent: not after a close frame.
    var maySend: Bool { closing.maySend }

    /// What the message that is not whole, and what its compressions remember, take.
    var heldByteCount: Int { reader.heldByteCount + compression.heldByteCount }

    // MARK: Input

    /// Takes what it can of `input`. It deals with close frames and faults, and returns any other event, unless nothing
    /// can be answered any more.
    mutating func next(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ connection: Connection, _ work: Workspace
    ) -> (consumed: Int, event: ReadEvent?) {
        do {
            let step = try reader.next(input, sharing: work.compression.inflater)
            if reader.isInMessage, !work.mayHold(reader.heldByteCount) {
                refuseMessage(connection, work)
                return (input.count, nil)
            }
            if !reader.isInMessage, !step.isWaiting {
                unfinishedSince = .never
            } else if unfinishedSince == .never {
                unfinishedSince = work.now
            }
            if case .close(let code, _)? = step.event {
                perform(closing.received(closeCode: code), reason: "", .peer, connection, work)
                return (step.consumed, nil)
            }
            return (step.consumed, closing.maySend ? step.event : nil)
        } catch {
            fail(error, connection, work)
            return (input.count, nil)
        }
    }

    /// The message of an `.assembledMessage`, which is let go.
    mutating func takeAssembled() -> [UInt8] {
        let message = reader.message.array
        reader.releaseMessage()
        return message
    }

    /// Counts a message or control frame; nil where it was one too many and the connection ends.
    mutating func admit(_ connection: Connection, _ work: Workspace) -> MessageRate.Verdict? {
        let settings = work.configuration.subscribers
        let verdict = rate.count(at: work.now, rate: settings.messageRate, burst: settings.messageBurst)
        guard case .excessive = verdict else { return verdict }
        work.appendError(.tooManyMessages(settings.messageRate), id: nil, to: connection)
        close(with: .policyViolation, reason: "too many messages", .refused, connection, work)
        return nil
    }

    /// There is no memory for the rest of a message.
    private mutating func refuseMessage(_ connection: Connection, _ work: Workspace) {
        guard closing.maySend else { return }
        work.appendError(work.overloaded(), id: nil, to: connection)
        close(with: .tryAgainLater, reason: "overloaded", .refused, connection, work)
    }

    private mutating func fail(
        _ failure: WebSocketFailure, _ connection: Connection, _ work: Workspace
    ) {
        let isTooBig = failure.closeCode == .messageTooBig
        if isTooBig, closing.maySend {
            work.appendError(
                Problem(413, "payload_too_large", "This is too much: \(failure.reason)."), id: nil,
                to: connection)
        }
        perform(
            closing.failed(failure), reason: failure.reason, isTooBig ? .refused : .malformed, connection,
            work)
    }

    // MARK: Time

    /// Whatever has begun must be whole by then: a byte now and then is no life. Asked as long as messages may be sent.
    func messageDeadline(_ work: Workspace) -> Instant {
        unfinishedSince != .never ? unfinishedSince + work.intervals.message : .never
    }

    /// Ends the connection if a message takes too long.
    mutating func refuseSlowMessage(_ connection: Connection, _ work: Workspace) {
        guard work.now >= messageDeadline(work) else { return }
        close(with: .policyViolation, reason: "the message took too long", .timeout, connection, work)
    }

    // MARK: Ending

    mutating func close(
        with code: CloseCode, reason: String, _ end: EndReason, _ connection: Connection, _ work: Workspace
    ) {
        perform(closing.close(with: code), reason: reason, end, connection, work)
    }

    private mutating func perform(
        _ action: CloseHandshake.Action, reason: String, _ end: EndReason, _ connection: Connection,
        _ work: Workspace
    ) {
        switch action {
        case .nothing, .waitForPeer: return
        case .sendClose(let code):
            ending = end
            work.output.append(closeFrame: code, reason: reason)
            perform(closing.closeFrameLeft(), reason: "", end, connection, work)
        case .closeTransport: connection.endAfterSending(ending ?? end)
        }
    }

    /// How long the peer's close frame is waited for. Nothing is sent behind ours, so the time of the last sending is when
    /// its last byte left. Counted from its making, a slow reader would be cut off before it had read that far.
    func closeDeadline(_ connection: Connection, _ work: Workspace) -> Instant {
        connection.lastSent + work.intervals.close
    }
}
