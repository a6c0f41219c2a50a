/// A subscription over server-sent events, in chunks or until the connection ends.
internal import HTTP
package import Primitives

package final class EventStreamWire: SubscriptionWire {
    private let subscription: SubscriptionRequest
    private let url: GatewayURL
    private var reader = ResponseReader(byteCountLimit: nil)
    private var parser = EventStreamParser(byteCountLimit: WireLimits.messageByteCount)
    private var isStreaming = false
    private var toldCursor: [UInt8] = []
    private var away = AwaySign()
    private var toldRetry: Int?

    package init(_ subscription: SubscriptionRequest, at url: GatewayURL) {
        self.subscription = subscription
        self.url = url
    }

    package var isReusable: Bool { false }

    package func request(after cursor: [UInt8]?, into output: inout ByteBuffer) {
        output.append(subscription, over: .eventStream, at: url, cursor: cursor) { head in
            head.append(field: "Accept", "text/event-stream")
            head.append(field: "Cache-Control", "no-store")
        }
    }

    package func receive(
        _ input: inout ByteBuffer, into events: inout [WireEvent], answering output: inout ByteBuffer
    ) throws(ClientFailure) {
        if !isStreaming {
            guard try begin(&input, into: &events) else { return }
        }
        var found = events
        events = []
        defer { events = found }
        let isEnd = try reader.readBody(&input) { (content: Span<UInt8>) throws(ClientFailure) in
            parser.append(content)
            try readEvents(into: &found)
        }
        if isEnd { throw .lost(reason: "the gateway ended the stream") }
    }

    package func ended(into events: inout [WireEvent]) throws(ClientFailure) {
        throw isStreaming ? .lost(reason: "the gateway ended the stream") : reader.problem
    }

    package func close(into output: inout ByteBuffer) {}

    /// Reads the head; false while it is incomplete.
    private func begin(
        _ input: inout ByteBuffer, into events: inout [WireEvent]
    ) throws(ClientFailure) -> Bool {
        guard let head = try reader.readHead(&input) else { return false }
        if head.status == 204 { throw .finished }
        guard head.status == 200 else {
            try reader.readProblem(&input)
            return false
        }
        guard let type = head.field("Content-Type"), isEventStream(type) else {
            throw .violation("no event stream, but another type of content; check the URL")
        }
        isStreaming = true
        events.append(.subscribed(resumed: nil))
        return true
    }

    private func isEventStream(_ type: [UInt8]) -> Bool {
        let end = type.firstIndex { $0 == ASCII.semicolon || $0 == ASCII.space } ?? type.count
        return ASCII.equalIgnoringCase(type.span.extracting(0..<end), "text/event-stream")
    }

    private func readEvents(into events: inout [WireEvent]) throws(ClientFailure) {
        do {
            while let event = try parser.next() {
                tellRetry(into: &events)
                try read(event, into: &events)
                tell(event.lastEventID, into: &events)
            }
        } catch let failure as JSONFailure {
            throw .violation("an event is not the JSON expected, \(failure)")
        } catch {
            throw .violation("\(error)")
        }
        tellRetry(into: &events)
        // A block of only an ID dispatches nothing, but moves the cursor on.
        tell(parser.lastEventID, into: &events)
    }

    /// Call after an event, never before. It is unknown whether the ID came with the event or in a block before it,
    /// and a cursor may be late but not early.
    private func tell(_ cursor: [UInt8], into events: inout [WireEvent]) {
        guard !cursor.isEmpty, cursor != toldCursor else { return }
        toldCursor = cursor
        events.append(.cursor(cursor))
    }

    private func tellRetry(into events: inout [WireEvent]) {
        guard let retry = parser.retryMilliseconds, retry != toldRetry else { return }
        toldRetry = retry
        events.append(.retry(milliseconds: UInt64(clamping: retry)))
    }

    private func read(_ event: EventStreamParser.Event, into events: inout [WireEvent]) throws(JSONFailure) {
        switch event.type {
        case "message": events.append(.update(try Update(line: event.data)))
        case "live":
            let notice = try Notice(event.data)
            events.append(.live(resumed: notice.resumed))
            away.hear(notice.isAway, into: &events)
        case "reset": events.append(.reset)
        case "gap": events.append(.gap(try TopicNotice(event.data).gap))
        case "stale": events.append(.stale(try TopicNotice(event.data).staleness))
        case "goodbye":
            let notice = try Notice(event.data)
            let delay = notice.reconnectAfter ?? event.retryMilliseconds.map { UInt64(clamping: $0) }
            events.append(.goodbye(reason: notice.reason, reconnectAfterMilliseconds: delay))
        case "error":
            let notice = try Notice(event.data)
            events.append(.error(code: notice.code, message: notice.message))
        case "heartbeat":
            events.append(.heartbeat)
            // A sign of life is one whatever it says.
            if let notice = try? Notice(event.data) { away.hear(notice.isAway, into: &events) }
        default: break  // Of a later protocol.
        }
    }
}
