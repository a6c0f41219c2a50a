/// One subscription in several messages of a WebSocket, because neither a URL nor one message has room for all its topics.
///
/// Each part is sent when the one before it is answered. To whoever listens they are one subscription: it begins with the first
/// part's answer, and it is live when all parts are. A cursor that came before the last answer does not vouch for the parts that
/// followed, so it is not told.
internal import Primitives

struct SubscriptionParts {
    private var rest: ArraySlice<String>
    private var cursor: [UInt8]?
    private var last: Int?
    private var sentCount: Int
    private var subscribedCount = 0
    private var liveCount = 0
    /// The gateway's limit, as its `welcome` tells; until then, or where it tells none, its default.
    var messageByteCount = 64 << 10

    /// A subscription that the URL asks for.
    static let inURL = SubscriptionParts(rest: [], sentCount: 1)

    /// Parts that are to be sent.
    init(of topics: [String], cursor: [UInt8]?, last: Int?) {
        self.init(rest: topics[...], sentCount: 0)
        self.cursor = cursor
        // Where a cursor is reset all parts begin with everything, as the first one does.
        self.last = cursor == nil ? last : nil
    }

    private init(rest: ArraySlice<String>, sentCount: Int) {
        self.rest = rest
        self.sentCount = sentCount
    }

    /// Whether all topics are subscribed to.
    var isWhole: Bool { rest.isEmpty && subscribedCount == sentCount }

    /// The next part's message, if it is its turn.
    mutating func next() -> [UInt8]? {
        guard !rest.isEmpty, subscribedCount == sentCount else { return nil }
        sentCount += 1
        var end = ByteBuffer()
        end.append(ASCII.closeBracket)
        if let cursor {
            end.append(",\"cursor\":")
            end.append(jsonString: cursor.span)
        }
        if let last {
            end.append(",\"last\":")
            end.append(decimal: UInt64(last))
        }
        end.append(ASCII.closeBrace)
        var message = ByteBuffer()
        message.append("{\"type\":\"subscribe\",\"topics\":[")
        var isFirst = true
        while let topic = rest.first {
            var name = ByteBuffer()
            name.append(jsonString: topic)
            guard isFirst || message.count + 1 + name.count + end.count <= messageByteCount else { break }
            if !isFirst { message.append(ASCII.comma) }
            message.append(name.bytes)
            isFirst = false
            rest.removeFirst()
        }
        message.append(end.bytes)
        return message.bytes.array
    }

    /// Appends what an event of the connection means for the subscription.
    mutating func tell(_ event: WireEvent, into events: inout [WireEvent]) throws(ClientFailure) {
        switch event {
        case .subscribed(let resumed):
            subscribedCount += 1
            if subscribedCount == 1 { events.append(event) }
            guard resumed == false, cursor != nil else { return }
            // Nothing that was held counts any more, so the parts to come have no cursor.
            cursor = nil
            guard subscribedCount > 1 else { return }
            events.append(.reset)
            throw .lost(reason: "the cursor is too old for some of the topics")
        case .live:
            liveCount += 1
            if isWhole, liveCount == sentCount { events.append(event) }
        case .cursor: if isWhole { events.append(event) }
        case .update, .reset, .gap, .stale, .goodbye, .retry, .heartbeat, .away, .error, .answered:
            events.append(event)
        }
    }
}
