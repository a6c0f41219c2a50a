import Primitives
import TestSupport
import Testing
import WebSocket

@testable import Client

/// Golden bytes of a gateway, read whole, at every cut and a byte at a time.
struct WireTests {
    struct Heard: Equatable {
        var events: [WireEvent] = []
        var failure: ClientFailure?
    }

    private let subscription = SubscriptionRequest(topics: ["stocks/*"])

    /// All events that a wire reads from `pieces`, and from the end of the connection if there is one.
    private func hear(
        _ makeWire: () throws -> any SubscriptionWire, _ pieces: [[UInt8]], ends: Bool = false
    ) throws -> Heard {
        let wire = try makeWire()
        var heard = Heard()
        var input = ByteBuffer()
        var output = ByteBuffer()
        wire.request(after: nil, into: &output)
        do throws(ClientFailure) {
            for piece in pieces {
                input.append(piece)
                try wire.receive(&input, into: &heard.events, answering: &output)
            }
            if ends { try wire.ended(into: &heard.events) }
        } catch {
            heard.failure = error
        }
        return heard
    }

    private func expectEverywhere(
        _ bytes: [UInt8], _ expected: Heard, ends: Bool = false, _ wire: () throws -> any SubscriptionWire
    ) throws {
        for pieces in everyCut(bytes).map({ [$0.first, $0.second] }) + [drip(bytes)] {
            let heard = try hear(wire, pieces, ends: ends)
            #expect(heard == expected)
            if heard != expected { return }
        }
    }

    private func update(_ topic: String, _ version: UInt64, _ rest: String) throws -> WireEvent {
        .update(
            try Update(line: Array(#"{"topic":"\#(topic)","version":\#(version),"time":9,\#(rest)}"#.utf8)))
    }

    private func eventStream() throws -> any SubscriptionWire {
        EventStreamWire(subscription, at: try GatewayURL("http://h"))
    }

    private func poll() throws -> any SubscriptionWire {
        PollWire(subscription, at: try GatewayURL("http://h"))
    }

    private func webSocket() throws -> any SubscriptionWire {
        WebSocketWire(subscription, at: try GatewayURL("http://h"), keyBytes: Array("the sample nonce".utf8))
    }

    static let stream = """
        : tidegate
        retry: 2000
        data: {"topic":"stocks/AAPL","version":7,"time":9,"data":{"price":189.3}}

        id: k3-1
        data: {"topic":"stocks/MSFT","version":3,"time":9,"deleted":true}

        event: live
        id: k3-1
        data: {"resumed":false}

        event: heartbeat
        data: {"time":10}

        event: gap
        data: {"topic":"t/a","next":12,"missed":4}

        event: stale
        id: k3-2
        data: {"topic":"t/a","since":1764000030123}

        event: reset
        id:
        data: {}

        : still here
        retry: 1840
        event: goodbye
        data: {"reason":"draining"}

        id: k3-3


        """

    private func streamEvents() throws -> [WireEvent] {
        [
            .subscribed(resumed: nil), .retry(milliseconds: 2000),
            try update("stocks/AAPL", 7, #""data":{"price":189.3}"#),
            try update("stocks/MSFT", 3, #""deleted":true"#), .cursor(Array("k3-1".utf8)),
            .live(resumed: false), .heartbeat,
            .gap(Gap(topic: Array("t/a".utf8), next: 12, missed: 4)),
            .stale(Staleness(topic: Array("t/a".utf8), since: 1_764_000_030_123)),
            .cursor(Array("k3-2".utf8)), .reset, .retry(milliseconds: 1840),
            .goodbye(reason: "draining", reconnectAfterMilliseconds: 1840), .cursor(Array("k3-3".utf8)),
        ]
    }

    @Test func readsAnEventStreamThatEndsWithItsConnection() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
        let failure = ClientFailure.lost(reason: "the gateway ended the stream")
        let expected = Heard(events: try streamEvents(), failure: failure)
        try expectEverywhere(Array((head + Self.stream).utf8), expected, ends: true, eventStream)
    }

    @Test func readsAnEventStreamInChunks() throws {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        var bytes = Array(head.utf8)
        for chunk in stride(from: 0, to: Self.stream.utf8.count, by: 37) {
            let content = Self.stream.utf8.dropFirst(chunk).prefix(37)
            bytes += Array("\(String(content.count, radix: 16))\r\n".utf8) + Array(content) + [13, 10]
        }
        bytes += Array("0\r\n\r\n".utf8)
        let failure = ClientFailure.lost(reason: "the gateway ended the stream")
        try expectEverywhere(bytes, Heard(events: try streamEvents(), failure: failure), eventStream)
    }

    @Test func readsARefusal() throws {
        let body =
            #"{"type":"about:blank","title":"T","status":429,"detail":"slow down","code":"rate_limited"}"#
        let head = "HTTP/1.1 429 X\r\nRetry-After: 3\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        var problem = Problem(status: 429)
        problem.title = "T"
        problem.detail = "slow down"
        problem.code = "rate_limited"
        problem.retryAfterSeconds = 3
        let expected = Heard(failure: .refused(problem))
        for wire in [eventStream, poll, webSocket] {
            try expectEverywhere(Array((head + body).utf8), expected, wire)
        }
    }

    @Test func noContentEndsAnEventStreamForGood() throws {
        let bytes = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)
        try expectEverywhere(bytes, Heard(failure: .finished), eventStream)
    }

    @Test func readsAPollsAnswer() throws {
        let body = """
            {"gaps":[{"topic":"t/a","next":12}],"cursor":"k3-9","reset":true,"stale":[
              {"topic":"a\\/b","since":8,"later":[]}],"updates":[
              {"topic":"stocks/AAPL","version":7,"time":9,"data":[1,"}"]} , {"version":2,"topic":"a\\/b",
              "time":9,"data":null,"later":{}}]}
            """
        let head = "HTTP/1.1 200 OK\r\nETag: \"k3-9\"\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let second = "{\"version\":2,\"topic\":\"a\\/b\",\n  \"time\":9,\"data\":null,\"later\":{}}"
        let expected = Heard(events: [
            .subscribed(resumed: nil), .reset, .gap(Gap(topic: Array("t/a".utf8), next: 12)),
            try update("stocks/AAPL", 7, #""data":[1,"}"]"#),
            .update(try Update(line: Array(second.utf8))),
            .stale(Staleness(topic: Array("a/b".utf8), since: 8)), .cursor(Array("k3-9".utf8)),
            .live(resumed: nil), .answered(isEmpty: false),
        ])
        try expectEverywhere(Array((head + body).utf8), expected, poll)
    }

    /// An answer that came early with nothing in it would be a fault of the gateway.
    @Test func staleTopicsAloneAreAnAnswer() throws {
        let body = #"{"cursor":"k3-9","updates":[],"stale":[{"topic":"a","since":8}]}"#
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let heard = try hear(poll, [Array((head + body).utf8)])
        #expect(heard.events.contains(.stale(Staleness(topic: [97], since: 8))))
        #expect(heard.events.last == .answered(isEmpty: false))
    }

    private func message(_ text: String, into buffer: inout ByteBuffer) {
        buffer.append(frame: .text, payload: Array(text.utf8).span)
    }

    @Test func readsAWebSocket() throws {
        var bytes = ByteBuffer()
        // The example of RFC 6455 §1.3.
        bytes.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        bytes.append("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        message(#"{"type":"welcome","session":"s","server":"tidegate/0.1.0","heartbeat":25}"#, into: &bytes)
        message(#"{"type":"subscribed","topics":["stocks/*"],"resumed":true,"maxRate":null}"#, into: &bytes)
        message(
            #"{"cursor":"k1","updates":[{"topic":"a","version":1,"time":9,"data":1}],"type":"updates"}"#,
            into: &bytes)
        bytes.append(frame: .ping, payload: Array("?".utf8).span)
        message(#"{"type":"live","cursor":"k2"}"#, into: &bytes)
        message(#"{"type":"gap","topic":"a","next":5,"missed":3}"#, into: &bytes)
        message(#"{"type":"heartbeat","time":10,"cursor":"k3"}"#, into: &bytes)
        message(#"{"type":"stale","topic":"a","since":30,"cursor":"k4"}"#, into: &bytes)
        message(#"{"type":"error","code":"invalid_topic","message":"no"}"#, into: &bytes)
        message(#"{"type":"goodbye","reason":"draining","reconnectAfter":1840}"#, into: &bytes)
        bytes.append(closeFrame: .goingAway, reason: "draining")
        let expected = Heard(
            events: [
                .subscribed(resumed: true), try update("a", 1, #""data":1"#), .cursor(Array("k1".utf8)),
                .heartbeat, .live(resumed: nil), .cursor(Array("k2".utf8)),
                .gap(Gap(topic: [97], next: 5, missed: 3)), .heartbeat, .cursor(Array("k3".utf8)),
                .stale(Staleness(topic: [97], since: 30)), .cursor(Array("k4".utf8)),
                .error(code: "invalid_topic", message: "no"),
                .goodbye(reason: "draining", reconnectAfterMilliseconds: 1840),
            ], failure: .closed(code: 1001, reason: "draining"))
        try expectEverywhere(bytes.bytes.array, expected, webSocket)
    }

    @Test func anErrorInPlaceOfASubscriptionIsARefusal() throws {
        var bytes = ByteBuffer()
        bytes.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        bytes.append("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        message(#"{"type":"error","code":"invalid_topic","message":"no"}"#, into: &bytes)
        let heard = try hear(webSocket, [bytes.bytes.array])
        guard case .refused(let problem) = heard.failure else {
            Issue.record("no refusal")
            return
        }
        #expect(problem.code == "invalid_topic" && problem.status == 400)
    }

    @Test func refusesAWrongAccept() throws {
        let bytes = Array(
            ("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n").utf8)
        guard case .violation = try hear(webSocket, [bytes]).failure else {
            Issue.record("taken")
            return
        }
    }

    @Test func asksInTheURL() throws {
        var request = SubscriptionRequest(topics: ["stocks/*", "fx/é"], maxRate: 0.5)
        request.heartbeatSeconds = 5
        let url = try GatewayURL("http://h/p")
        let cursor = Array("k~1".utf8)
        #expect(
            request.target(.webSocket, at: url, cursor: cursor)
                == "/p/ws?topics=stocks/*,fx/%c3%a9&cursor=k~1&maxRate=0.5&heartbeat=5")
        #expect(
            request.target(.poll, at: url, cursor: nil) == "/p/poll?topics=stocks/*,fx/%c3%a9&wait=25")
    }

    @Test func asksForStalenessWhereverItMayBeAsked() throws {
        var request = SubscriptionRequest(topics: ["a"])
        request.wantsStaleness = true
        let url = try GatewayURL("http://h")
        #expect(request.target(.webSocket, at: url, cursor: nil) == "/ws?topics=a&heartbeat=2&stale=1")
        #expect(request.shortTarget(.webSocket, at: url) == "/ws?heartbeat=2&stale=1")
        #expect(request.target(.eventStream, at: url, cursor: nil) == "/sse?topics=a&heartbeat=2&stale=1")
        #expect(
            request.content(.poll, cursor: nil).bytes.text == #"{"topics":["a"],"wait":25,"stale":1}"#)
    }

    @Test func asksForTheLastUpdatesWhereverItNamesItsTopics() throws {
        var request = SubscriptionRequest(topics: ["a"])
        request.last = 50
        let url = try GatewayURL("http://h")
        #expect(request.target(.webSocket, at: url, cursor: nil) == "/ws?topics=a&heartbeat=2&last=50")
        #expect(request.shortTarget(.webSocket, at: url) == "/ws?heartbeat=2")
        #expect(request.target(.poll, at: url, cursor: nil) == "/poll?topics=a&wait=25&last=50")
        #expect(
            request.content(.eventStream, cursor: nil).bytes.text
                == #"{"topics":["a"],"heartbeat":2,"last":50}"#)
    }

    @Test func anUpdateHasWhatItsPublisherAndTheGatewaySayOfItsTime() throws {
        func read(_ members: String) throws -> Update {
            try Update(line: Array(#"{"topic":"a","version":1,"time":9,\#(members)}"#.utf8))
        }
        let plain = try read(#""data":1"#)
        #expect(plain.at == nil && plain.moment == 9 && plain.age == nil && !plain.isStale)
        let listed = try read(#""at":5,"data":{"stale":true},"age":12.5,"stale":true"#)
        #expect(listed.at == 5 && listed.moment == 5 && listed.age == 12.5 && listed.isStale)
        let ended = try read(#""deleted":true"#)
        #expect(ended.isTombstone && !ended.isExpired)
        let expired = try read(#""deleted":true,"expired":true"#)
        #expect(expired.isTombstone && expired.isExpired)
    }
}
