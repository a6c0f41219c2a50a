/// Server-Sent Events (WHATWG HTML §9.2): one event an update, so that `onmessage` and `curl -N` work as they are.
internal import Broker
internal import HTTP
internal import Primitives

final class EventStreamFrontEnd: FrontEnd {
    private var session: ReaderSession
    /// HTTP/1.1 streams in chunks; to HTTP/1.0 the stream ends with the connection.
    private let isChunked: Bool
    private var isEnded = false

    /// Answers `GET /sse` and takes the connection over.
    static func open(
        _ head: RequestHead, _ http: HTTPFrontEnd, _ connection: Connection, _ loop: GatewayLoop
    ) throws(Problem) {
        var request = try SubscriptionRequest(head, loop.configuration.subscribers)
        try request.demandTopics()
        if loop.shared.isDrainingNow { throw .draining }
        if let last = head.field("Last-Event-ID"), !last.isEmpty { request.cursor = last }
        loop.output.append(statusLine: 200)
        loop.output.append(dateField: loop.time.milliseconds / 1000)
        loop.output.append(field: "Content-Type", "text/event-stream; charset=utf-8")
        loop.output.append(field: "Cache-Control", "no-store, no-transform")
        loop.output.append(field: "X-Accel-Buffering", "no")
        let isChunked = head.version == .http11
        if isChunked { loop.output.append(field: "Transfer-Encoding", "chunked") }
        if !isChunked || head.method == .head { loop.output.append(field: "Connection", "close") }
        loop.output.endFields()
        if head.method == .head {
            loop.endAfterSending(connection, .finished)
            return
        }
        let frontEnd = EventStreamFrontEnd(request, isChunked, connection, loop)
        connection.frontEnd = frontEnd
        frontEnd.begin(request, connection, loop)
    }

    private init(
        _ request: SubscriptionRequest, _ isChunked: Bool, _ connection: Connection, _ loop: GatewayLoop
    ) {
        self.isChunked = isChunked
        let rate = loop.configuration.subscribers.granted(request.maximumRate)
        session = ReaderSession(
            subscriber: loop.replica.addSubscriber(owner: connection.token), maximumRate: rate)
        session.heartbeat = request.heartbeat ?? 0
        loop.statistics.eventStreams.add()
    }

    private func begin(_ request: SubscriptionRequest, _ connection: Connection, _ loop: GatewayLoop) {
        let outcome = session.subscribe(request.patterns, cursor: request.cursor, id: nil, connection, loop)
        write(loop) { output in
            output.append(comment: "tidegate")
            output.append(retryMilliseconds: 2000)
            if request.cursor != nil, !outcome.isResumed {
                output.append(
                    eventNamed: "reset", id: nil,
                    data: Array("{\"reason\":\"the cursor can not be honoured; the snapshot follows\"}".utf8)
                        .span)
            }
        }
    }

    // MARK: Updates

    func flush(_ connection: Connection, _ loop: GatewayLoop) {
        guard !isEnded else { return }
        session.drain(connection, loop)
        let cursor = loop.batch.cursor
        let live = session.nextLive(cursor)
        guard !loop.batch.isEmpty || live != nil else { return }
        let start = isChunked ? loop.output.beginChunk() : 0
        for gap in loop.batch.gaps { loop.output.append(gapEvent: gap) }
        appendUpdates(cursor, loop)
        if let live, let cursor { appendLive(live, cursor, loop) }
        if isChunked { loop.output.endChunk(start) }
    }

    private func appendUpdates(_ cursor: UInt64?, _ loop: GatewayLoop) {
        loop.output.reserve(loop.batch.byteCount + loop.batch.entries.count * 8 + 64)
        let last = loop.batch.entries.count - 1
        for (place, entry) in loop.batch.entries.enumerated() {
            if place == last, let cursor {
                loop.output.append("id: ")
                loop.appendCursor(cursor)
                loop.output.append(ASCII.lineFeed)
            }
            // An update is always one line (docs/protocol.md, section 1).
            loop.output.append("data: ")
            loop.output.append(entry.bytes)
            loop.output.append("\n\n")
        }
    }

    private func appendLive(_ live: ReaderSession.PendingLive, _ cursor: UInt64, _ loop: GatewayLoop) {
        loop.output.append("event: live\nid: ")
        loop.appendCursor(cursor)
        loop.output.append(
            live.isResumed ? "\ndata: {\"resumed\":true}\n\n" : "\ndata: {\"resumed\":false}\n\n")
    }

    /// Appends what `body` writes, as a chunk where the stream is chunked.
    private func write(_ loop: GatewayLoop, _ body: (inout ByteBuffer) -> Void) {
        let start = isChunked ? loop.output.beginChunk() : 0
        body(&loop.output)
        if isChunked { loop.output.endChunk(start) }
    }

    // MARK: Life

    var transport: StaticString { "sse" }
    var subscriber: SubscriberID? { session.subscriber }
    var maximumRate: Double? { session.pace.maximumRate }

    /// Nothing more is expected of the peer; what it sends is read over, so that its going away is noticed.
    func received(_ input: UnsafeMutableBufferPointer<UInt8>, _: Connection, _: GatewayLoop) -> Int {
        input.count
    }

    var isReading: Bool { true }

    /// A peer may say that it will send no more and read on; one that is gone resets the next write.
    func inputEnded(_: Connection, _: GatewayLoop) {}

    func deadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant {
        min(session.flushDeadline(loop), heartbeatDeadline(connection, loop))
    }

    private func heartbeatDeadline(_ connection: Connection, _ loop: GatewayLoop) -> Instant {
        session.heartbeat > 0
            ? connection.lastSent + .seconds(Int(session.heartbeat))
            : connection.lastSent + loop.intervals.eventStreamHeartbeat
    }

    func deadlineCame(_ connection: Connection, _ loop: GatewayLoop) {
        if loop.now >= session.flushDeadline(loop) { flush(connection, loop) }
        guard loop.output.isEmpty, loop.now >= heartbeatDeadline(connection, loop) else { return }
        let cursor = loop.replica.cursor(of: session.subscriber)
        let start = isChunked ? loop.output.beginChunk() : 0
        if session.heartbeat > 0 {
            loop.output.append("event: heartbeat\n")
            appendIDLine(cursor, loop)
            loop.output.append("data: {\"time\":")
            loop.output.append(decimal: loop.time.milliseconds)
            loop.output.append("}\n\n")
        } else if cursor != nil {
            appendIDLine(cursor, loop)
            loop.output.append(ASCII.lineFeed)
        } else {
            loop.output.append(": still here\n\n")
        }
        if isChunked { loop.output.endChunk(start) }
    }

    private func appendIDLine(_ cursor: UInt64?, _ loop: GatewayLoop) {
        guard let cursor else { return }
        loop.output.append("id: ")
        loop.appendCursor(cursor)
        loop.output.append(ASCII.lineFeed)
    }

    func sayGoodbye(_ connection: Connection, _ loop: GatewayLoop) {
        // What is marked goes first: the reader leaves with the latest values.
        flush(connection, loop)
        let delay = loop.reconnectDelay()
        let cursor = loop.replica.cursor(of: session.subscriber)
        let start = isChunked ? loop.output.beginChunk() : 0
        loop.output.append(retryMilliseconds: delay)
        loop.output.append("event: goodbye\n")
        appendIDLine(cursor, loop)
        loop.output.append("data: {\"reason\":\"draining\",\"reconnectAfter\":")
        loop.output.append(decimal: UInt64(delay))
        loop.output.append("}\n\n")
        if isChunked {
            loop.output.endChunk(start)
            loop.output.appendLastChunk()
        }
        isEnded = true
        loop.endAfterSending(connection, .drained)
    }

    func ended(_ loop: GatewayLoop) {
        guard loop.replica.contains(session.subscriber) else { return }
        isEnded = true
        loop.replica.removeSubscriber(session.subscriber)
        loop.statistics.eventStreams.add(-1)
    }
}

extension ByteBuffer {
    /// `"topic":…,"next":…,"missed":…`
    mutating func append(gapMembers gap: Gap) {
        append("\"topic\":")
        append(jsonString: gap.topic.unsafeBytes.span)
        append(",\"next\":")
        append(decimal: gap.next)
        if let missed = gap.missed {
            append(",\"missed\":")
            append(decimal: missed)
        }
    }

    fileprivate mutating func append(gapEvent gap: Gap) {
        append("event: gap\ndata: {")
        append(gapMembers: gap)
        append("}\n\n")
    }
}
