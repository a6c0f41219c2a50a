import Primitives
import Testing

@testable import Client

/// Topics for which a URL has no room: a body, or one message after another.
struct SubscriptionPartsTests {
    private let many = SubscriptionRequest(topics: (0..<1000).map { "many/topic-\($0)" }, maxRate: 2)

    private func url() throws -> GatewayURL { try GatewayURL("http://h/p") }

    /// The requests that both of the others would send.
    private func asked(
        _ request: SubscriptionRequest, _ transport: SubscriptionTransport, cursor: String? = nil
    ) throws -> (head: String, content: String) {
        let cursor = cursor.map { Array($0.utf8) }
        var output = ByteBuffer()
        switch transport {
        case .webSocket: WebSocketWire(request, at: try url()).request(after: cursor, into: &output)
        case .eventStream: EventStreamWire(request, at: try url()).request(after: cursor, into: &output)
        case .poll: PollWire(request, at: try url()).request(after: cursor, into: &output)
        }
        let parts = output.bytes.text.split(separator: "\r\n\r\n", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    @Test func aFewTopicsStandInTheURL() throws {
        let few = SubscriptionRequest(topics: ["a", "b"])
        for transport in [SubscriptionTransport.eventStream, .poll, .webSocket] {
            let (head, content) = try asked(few, transport)
            #expect(head.hasPrefix("GET /p/\(transport.rawValue)?topics=a,b&") && content.isEmpty)
        }
    }

    /// The limit is the target's, whatever makes it long.
    @Test func manyTopicsStandInABody() throws {
        let (head, content) = try asked(many, .eventStream, cursor: "k-1")
        #expect(head.hasPrefix("POST /p/sse HTTP/1.1\r\n"))
        #expect(head.contains("Content-Type: application/json"))
        #expect(head.contains("Content-Length: \(content.utf8.count)"))
        #expect(content.hasPrefix(#"{"topics":["many/topic-0","many/topic-1","#))
        #expect(content.hasSuffix(#"many/topic-999"],"cursor":"k-1","maxRate":2,"heartbeat":2}"#))
        let poll = try asked(many, .poll)
        #expect(poll.head.hasPrefix("POST /p/poll HTTP/1.1\r\n"))
        #expect(poll.content.hasSuffix(#"many/topic-999"],"wait":25}"#))
        let long = SubscriptionRequest(topics: [String(repeating: "é", count: 128) + "/*"])
        #expect(try asked(long, .poll).head.hasPrefix("GET "))
        var four = long
        four.topics = Array(repeating: long.topics[0], count: 3)
        #expect(try asked(four, .poll).head.hasPrefix("POST "))
    }

    @Test func aWebSocketNamesThemInMessages() throws {
        let head = try asked(many, .webSocket, cursor: "k-1").head
        #expect(head.hasPrefix("GET /p/ws?maxRate=2&heartbeat=2 HTTP/1.1\r\n"))
    }

    // MARK: Parts

    private func text(_ message: [UInt8]) -> String { String(decoding: message, as: UTF8.self) }

    /// The topics that a message names.
    private func topics(of message: [UInt8]) throws -> [String] {
        let list = try #require(text(message).firstMatch(of: /"topics":\[([^\]]*)\]/)).output.1
        return list.split(separator: ",").map { String($0.dropFirst().dropLast()) }
    }

    @Test(arguments: [100, 1000, 20_000, 1]) func eachPartFitsIntoAMessage(limit: Int) throws {
        var parts = SubscriptionParts(of: many.topics, cursor: Array("k-1".utf8), last: 7)
        parts.messageByteCount = limit
        var named: [String] = []
        var events: [WireEvent] = []
        while let message = parts.next() {
            #expect(parts.next() == nil, "one after the other")
            #expect(text(message).hasSuffix(#"],"cursor":"k-1"}"#))
            let topics = try topics(of: message)
            #expect(message.count <= limit || topics.count == 1)
            // There was no room for the next one.
            if topics.count > 1, topics.last != many.topics.last { #expect(message.count > limit - 20) }
            named += topics
            try parts.tell(.subscribed(resumed: true), into: &events)
        }
        #expect(named == many.topics)
        #expect(parts.isWhole && events == [.subscribed(resumed: true)])
    }

    private func events(_ heard: [WireEvent], cursor: String?) -> (
        told: [WireEvent], sent: [String], failure: ClientFailure?
    ) {
        var parts = SubscriptionParts(of: ["a", "b"], cursor: cursor.map { Array($0.utf8) }, last: 7)
        parts.messageByteCount = 1
        var told: [WireEvent] = []
        var sent = [text(parts.next() ?? [])]
        do throws(ClientFailure) {
            for event in heard {
                try parts.tell(event, into: &told)
                if let message = parts.next() { sent.append(text(message)) }
            }
        } catch {
            return (told, sent, error)
        }
        return (told, sent, nil)
    }

    /// It begins once and is live once, and no cursor is told that vouches for a part of it.
    @Test func thePartsAreOneSubscription() {
        let early = WireEvent.cursor([1])
        let late = WireEvent.cursor([2])
        let (told, sent, failure) = events(
            [
                .subscribed(resumed: true), .heartbeat, .live(resumed: nil), early,
                .subscribed(resumed: true), late, .live(resumed: nil), late,
            ], cursor: "k-1")
        #expect(
            told == [.subscribed(resumed: true), .heartbeat, late, .live(resumed: nil), late])
        #expect(
            sent == [
                #"{"type":"subscribe","topics":["a"],"cursor":"k-1"}"#,
                #"{"type":"subscribe","topics":["b"],"cursor":"k-1"}"#,
            ])
        #expect(failure == nil)
    }

    @Test func afterAResetTheOtherPartsHaveNoCursor() {
        let (told, sent, failure) = events(
            [
                .subscribed(resumed: false), .subscribed(resumed: false), .live(resumed: nil),
                .live(resumed: nil),
            ],
            cursor: "k-1")
        #expect(told == [.subscribed(resumed: false), .live(resumed: nil)])
        #expect(sent.last == #"{"type":"subscribe","topics":["b"]}"#)
        #expect(failure == nil)
    }

    @Test func withoutACursorEachPartAsksForTheLastUpdates() {
        let (_, sent, _) = events([.subscribed(resumed: false)], cursor: nil)
        #expect(
            sent == [
                #"{"type":"subscribe","topics":["a"],"last":7}"#,
                #"{"type":"subscribe","topics":["b"],"last":7}"#,
            ])
    }

    /// What the first part holds would be forgotten and not be sent again.
    @Test func aResetOfALaterPartBeginsAnew() {
        let (told, _, failure) = events(
            [.subscribed(resumed: true), .subscribed(resumed: false), .live(resumed: nil)], cursor: "k-1")
        #expect(told == [.subscribed(resumed: true), .reset])
        #expect(failure == .lost(reason: "the cursor is too old for some of the topics"))
    }
}
