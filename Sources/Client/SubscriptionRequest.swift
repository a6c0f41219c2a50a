/// What a subscription asks for, and how a URL says it.
internal import HTTP
internal import Primitives

/// The three ways to receive updates.
package enum SubscriptionTransport: String, Sendable, CaseIterable {
    case webSocket = "ws"
    case eventStream = "sse"
    case poll
}

package struct SubscriptionRequest: Sendable, Equatable {
    /// Topics and patterns, at least one.
    package var topics: [String]
    /// Updates of a topic a second; nil for no limit.
    package var maxRate: Double?
    /// How many of the updates that a log keeps are wanted; nil: all. It says nothing where there is a cursor.
    package var last: Int?
    /// Whether to be told which topics are stale.
    package var wantsStaleness = false
    /// After so much silence the gateway sends a sign of life (WebSocket, event stream). With two seconds a dead link is noticed
    /// within five.
    package var heartbeatSeconds = 2
    /// How long a poll waits for something new.
    package var waitSeconds = 25

    package init(topics: [String], maxRate: Double? = nil) {
        self.topics = topics
        self.maxRate = maxRate
    }

    /// A longer silence means that the link is dead: two and a half heartbeats, or the poll's wait and some patience.
    package func silenceLimitSeconds(_ transport: SubscriptionTransport) -> Int {
        switch transport {
        case .webSocket, .eventStream: max(heartbeatSeconds * 5 / 2, 1)
        case .poll: waitSeconds + 15
        }
    }

    /// A longer request target may be refused, by the gateway (8 KiB) or on the way there: many a program takes 4 KiB, and some 2.
    static let targetByteCount = 2000

    /// Whether the topics do not fit into a URL, and have to go into a body or a message.
    func isLong(_ transport: SubscriptionTransport, at url: GatewayURL, cursor: [UInt8]?) -> Bool {
        topics.count > Self.targetByteCount
            || target(transport, at: url, cursor: cursor).utf8.count > Self.targetByteCount
    }

    /// The path and query that begin, or resume, the subscription.
    package func target(
        _ transport: SubscriptionTransport, at url: GatewayURL, cursor: [UInt8]?
    ) -> String {
        var target = path(transport, at: url)
        target.append("?topics=")
        target.append(percentEncoded: Array(topics.joined(separator: ",").utf8).span)
        if let cursor {
            target.append("&cursor=")
            target.append(percentEncoded: cursor.span)
        }
        for (name, value) in allFigures(transport) {
            target.append("&\(name)=")
            target.append(jsonNumber: value)
        }
        return target.bytes.text
    }

    /// The same without the topics and their cursor, which follow.
    func shortTarget(_ transport: SubscriptionTransport, at url: GatewayURL) -> String {
        var target = path(transport, at: url)
        // A body says the rest.
        guard transport == .webSocket else { return target.bytes.text }
        for (place, (name, value)) in figures(transport).enumerated() {
            target.append(place == 0 ? "?" : "&")
            target.append("\(name)=")
            target.append(jsonNumber: value)
        }
        return target.bytes.text
    }

    /// All that is asked for, as the body of a request.
    func content(_ transport: SubscriptionTransport, cursor: [UInt8]?) -> ByteBuffer {
        var content = ByteBuffer()
        content.append("{\"topics\":[")
        for (place, topic) in topics.enumerated() {
            if place > 0 { content.append(ASCII.comma) }
            content.append(jsonString: topic)
        }
        content.append(ASCII.closeBracket)
        if let cursor {
            content.append(",\"cursor\":")
            content.append(jsonString: cursor.span)
        }
        for (name, value) in allFigures(transport) {
            content.append(",\"\(name)\":")
            content.append(jsonNumber: value)
        }
        content.append(ASCII.closeBrace)
        return content
    }

    private func path(_ transport: SubscriptionTransport, at url: GatewayURL) -> ByteBuffer {
        var path = ByteBuffer()
        path.append(url.prefix)
        switch transport {
        case .webSocket: path.append("/ws")
        case .eventStream: path.append("/sse")
        case .poll: path.append("/poll")
        }
        return path
    }

    /// What a transport is asked for besides topics: the parameters of a query, and the members of a body.
    private func figures(_ transport: SubscriptionTransport) -> [(name: String, value: Double)] {
        let stale = wantsStaleness ? [("stale", 1.0)] : []
        switch transport {
        case .webSocket, .eventStream:
            let pace = maxRate.map { [("maxRate", $0)] } ?? []
            return pace + [("heartbeat", Double(max(heartbeatSeconds, 1)))] + stale
        case .poll: return [("wait", Double(max(waitSeconds, 0)))] + stale
        }
    }

    /// The same, and what goes with the topics.
    private func allFigures(_ transport: SubscriptionTransport) -> [(name: String, value: Double)] {
        figures(transport) + (last.map { [("last", Double($0))] } ?? [])
    }
}

extension ByteBuffer {
    /// The part of a request's head that all requests share; `endFields` must follow.
    mutating func append(requestHead method: StaticString, _ target: String, at url: GatewayURL) {
        append(requestLine: method, target: target)
        append(field: "Host", url.authority)
        append(field: "User-Agent", "tidegate/" + ProductVersion.text)
        if let shown = url.credential?.show() {
            append(field: "Authorization", Array("Bearer ".utf8) + shown)
        }
    }

    /// A whole request to subscribe: a GET, or a POST where its URL would be long. `fields` adds to its head.
    mutating func append(
        _ subscription: SubscriptionRequest, over transport: SubscriptionTransport, at url: GatewayURL,
        cursor: [UInt8]?, fields: (inout ByteBuffer) -> Void
    ) {
        guard subscription.isLong(transport, at: url, cursor: cursor) else {
            append(requestHead: "GET", subscription.target(transport, at: url, cursor: cursor), at: url)
            fields(&self)
            return endFields()
        }
        let content = subscription.content(transport, cursor: cursor)
        append(requestHead: "POST", subscription.shortTarget(transport, at: url), at: url)
        fields(&self)
        append(field: "Content-Type", "application/json")
        append(contentLength: content.count)
        endFields()
        append(content.bytes)
    }
}
