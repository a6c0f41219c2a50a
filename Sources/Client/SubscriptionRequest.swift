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
    /// After so much silence the gateway sends a sign of life (WebSocket, event stream).
    package var heartbeatSeconds = 10
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

    /// The path and query that begin, or resume, the subscription.
    package func target(
        _ transport: SubscriptionTransport, at url: GatewayURL, cursor: [UInt8]?
    ) -> String {
        var target = ByteBuffer()
        target.append(url.prefix)
        switch transport {
        case .webSocket: target.append("/ws")
        case .eventStream: target.append("/sse")
        case .poll: target.append("/poll")
        }
        target.append("?topics=")
        target.append(percentEncoded: Array(topics.joined(separator: ",").utf8).span)
        if let cursor {
            target.append("&cursor=")
            target.append(percentEncoded: cursor.span)
        }
        switch transport {
        case .webSocket, .eventStream:
            if let maxRate {
                target.append("&maxRate=")
                target.append(jsonNumber: maxRate)
            }
            target.append("&heartbeat=")
            target.append(decimal: UInt64(max(heartbeatSeconds, 1)))
        case .poll:
            target.append("&wait=")
            target.append(decimal: UInt64(max(waitSeconds, 0)))
        }
        return target.bytes.text
    }
}

extension ByteBuffer {
    /// The part of a request's head that all requests share; `endFields` must follow.
    mutating func append(requestHead method: StaticString, _ target: String, at url: GatewayURL) {
        append(requestLine: method, target: target)
        append(field: "Host", url.authority)
        append(field: "User-Agent", "tidegate/" + ProductVersion.text)
    }
}
