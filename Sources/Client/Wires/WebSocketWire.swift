/// A subscription over a WebSocket: the handshake, then messages. It answers pings and close frames.
internal import HTTP
package import Primitives
internal import WebSocket

package final class WebSocketWire: SubscriptionWire {
    private let subscription: SubscriptionRequest
    private let url: GatewayURL
    private let key: [UInt8]
    private var response = ResponseReader(byteCountLimit: nil)
    private var messages = MessageReader(
        role: .client,
        limits: MessageLimits(messageByteCount: WireLimits.messageByteCount, frameCount: 65_536))
    private var isOpen = false
    private var parts = SubscriptionParts.inURL
    private var away = AwaySign()
    private var closing = CloseHandshake(role: .client)
    /// Mask keys must be unpredictable (RFC 6455 §5.3).
    private var generator = SystemRandomNumberGenerator()

    /// - Parameter keyBytes: 16 bytes for the handshake's key, random except in tests.
    package init(_ subscription: SubscriptionRequest, at url: GatewayURL, keyBytes: [UInt8]? = nil) {
        self.subscription = subscription
        self.url = url
        var random = SystemRandomNumberGenerator()
        let chosen = keyBytes ?? (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        key = Handshake.makeKey(randomBytes: chosen)
    }

    package var isReusable: Bool { false }

    package func request(after cursor: [UInt8]?, into output: inout ByteBuffer) {
        let isLong = subscription.isLong(.webSocket, at: url, cursor: cursor)
        parts =
            isLong
            ? SubscriptionParts(of: subscription.topics, cursor: cursor, last: subscription.last) : .inURL
        let target =
            isLong
            ? subscription.shortTarget(.webSocket, at: url)
            : subscription.target(.webSocket, at: url, cursor: cursor)
        output.append(requestHead: "GET", target, at: url)
        output.append(field: "Connection", "Upgrade")
        output.append(field: "Upgrade", "websocket")
        output.append(field: "Sec-WebSocket-Version", "13")
        output.append(field: "Sec-WebSocket-Key", key)
        output.append(field: "Sec-WebSocket-Protocol", "tidegate.v1")
        output.endFields()
    }

    package func receive(
        _ input: inout ByteBuffer, into events: inout [WireEvent], answering output: inout ByteBuffer
    ) throws(ClientFailure) {
        if !isOpen {
            guard try open(&input) else { return }
        }
        while true {
            let space = UnsafeMutableBufferPointer(mutating: input.unsafeBytes)
            let step: ReadStep
            do throws(WebSocketFailure) {
                step = try messages.next(space)
            } catch {
                act(closing.failed(error), reason: error.reason, into: &output)
                throw .violation(error.reason)
            }
            if step.isWaiting { return }
            if let event = step.event { try read(event, in: input.bytes, into: &events, &output) }
            input.consume(step.consumed)
        }
    }

    package func ended(into events: inout [WireEvent]) throws(ClientFailure) {
        throw isOpen ? .lost(reason: "the gateway ended it without a close") : response.problem
    }

    package func close(into output: inout ByteBuffer) {
        if isOpen { act(closing.close(with: .normal), reason: "", into: &output) }
    }

    /// Reads the answer to the handshake; false while it is incomplete.
    private func open(_ input: inout ByteBuffer) throws(ClientFailure) -> Bool {
        guard let head = try response.readHead(&input) else { return false }
        guard head.status == 101 else {
            if head.status < 300 { throw .violation("no WebSocket, but a page; check the URL") }
            try response.readProblem(&input)
            return false
        }
        let key = key
        guard head.hasToken("websocket", in: "Upgrade"), head.hasToken("upgrade", in: "Connection"),
            head.field("Sec-WebSocket-Accept") == Handshake.acceptValue(forKey: key.span)
        else { throw .violation("the WebSocket handshake's answer does not fit its question") }
        isOpen = true
        return true
    }

    private func read(
        _ event: ReadEvent, in input: Span<UInt8>, into events: inout [WireEvent],
        _ output: inout ByteBuffer
    ) throws(ClientFailure) {
        switch event {
        case .message(.text, let range): try readMessage(input.extracting(range), into: &events, &output)
        case .assembledMessage(.text):
            let message = messages.message.array
            try readMessage(message.span, into: &events, &output)
        case .message, .assembledMessage: throw .violation("a binary message")
        case .ping(let range):
            guard closing.maySend else { return }
            output.append(frame: .pong, payload: input.extracting(range), key: maskKey())
            events.append(.heartbeat)
        case .pong: break
        case .close(let code, let reason):
            act(closing.received(closeCode: code), reason: "", into: &output)
            throw .closed(code: code, reason: input.extracting(reason).text)
        }
    }

    private func act(_ action: CloseHandshake.Action, reason: String, into output: inout ByteBuffer) {
        if case .sendClose(let code) = action {
            output.append(closeFrame: code, reason: reason, key: maskKey())
        }
    }

    private func maskKey() -> MaskKey { MaskKey(bits: generator.next()) }

    /// What was shown ends soon: the file may have the next one.
    private func showAnew(into output: inout ByteBuffer) {
        guard closing.maySend, let shown = url.credential?.show() else { return }
        var message = ByteBuffer()
        message.append("{\"type\":\"auth\",\"token\":")
        message.append(jsonString: shown.span)
        message.append(ASCII.closeBrace)
        output.append(frame: .text, payload: message.bytes, key: maskKey())
    }

    private func readMessage(
        _ text: Span<UInt8>, into events: inout [WireEvent], _ output: inout ByteBuffer
    ) throws(ClientFailure) {
        var heard: [WireEvent] = []
        do throws(JSONFailure) {
            let message = try ServerMessage(text)
            if let limit = message.messageByteCount { parts.messageByteCount = limit }
            if message.isExpiring { showAnew(into: &output) }
            message.tell(into: &heard)
            if let isAway = message.isAway { away.hear(isAway, into: &heard) }
        } catch {
            throw .violation("a message is not the JSON expected, \(error)")
        }
        for event in heard { try parts.tell(event, into: &events) }
        // The gateway speaks first.
        if closing.maySend, let message = parts.next() {
            output.append(frame: .text, payload: message.span, key: maskKey())
        }
        // Without all it asked for, the subscription would go on and lack something.
        if !parts.isWhole, case .error(let code, let message)? = events.last {
            var problem = Problem(status: 400)
            problem.code = code
            problem.detail = message
            throw .refused(problem)
        }
    }
}

/// The members of a gateway's message, in any order.
private struct ServerMessage {
    private var type: [UInt8] = []
    private var cursor: [UInt8]?
    private var updates: [WireEvent] = []
    private var topicNotice = TopicNotice()
    private var notice = Notice()
    /// The largest message that the gateway takes.
    private(set) var messageByteCount: Int?

    init(_ text: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(text)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("type", in: text) {
                type = try scanner.string().decoded(in: text) ?? []
            } else if name.equals("cursor", in: text) {
                cursor = try scanner.optionalString()
            } else if name.equals("updates", in: text) {
                try scanner.updates(into: &updates)
            } else if name.equals("limits", in: text) {
                messageByteCount = try Self.messageByteCount(&scanner)
            } else if try !topicNotice.read(name, &scanner) {
                try notice.read(name, &scanner)
            }
        }
        try scanner.end()
    }

    private static func messageByteCount(_ scanner: inout JSONScanner) throws(JSONFailure) -> Int? {
        var byteCount: Int?
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("messageBytes", in: scanner.bytes) {
                byteCount = Int(clamping: try scanner.wholeNumber())
            } else {
                _ = try scanner.value()
            }
        }
        return byteCount
    }

    var isExpiring: Bool { type.span.equals("expiring") }

    /// Whether the gateway has lost the stream of updates, where the message says so or not.
    var isAway: Bool? {
        type.span.equals("live") || type.span.equals("heartbeat") ? notice.isAway : nil
    }

    func tell(into events: inout [WireEvent]) {
        let type = type.span
        if type.equals("updates") {
            events.append(contentsOf: updates)
        } else if type.equals("subscribed") {
            events.append(.subscribed(resumed: notice.resumed))
        } else if type.equals("live") {
            events.append(.live(resumed: nil))
        } else if type.equals("gap") {
            events.append(.gap(topicNotice.gap))
        } else if type.equals("stale") {
            events.append(.stale(topicNotice.staleness))
        } else if type.equals("heartbeat") {
            events.append(.heartbeat)
        } else if type.equals("error") {
            events.append(.error(code: notice.code, message: notice.message))
        } else if type.equals("goodbye") {
            events.append(
                .goodbye(reason: notice.reason, reconnectAfterMilliseconds: notice.reconnectAfter))
        }
        // Behind the updates, because it covers them.
        if let cursor { events.append(.cursor(cursor)) }
    }
}
