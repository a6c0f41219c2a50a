import Primitives
import TestSupport
import Testing
import WebSocket

@testable import Client

/// A gateway that has lost the stream of updates says so in what it says of itself: told once, when it changes.
@Suite struct AwayTests {
    private func hear(_ wire: any SubscriptionWire, _ pieces: [[UInt8]]) throws -> [Bool] {
        var events: [WireEvent] = []
        var input = ByteBuffer()
        var output = ByteBuffer()
        wire.request(after: nil, into: &output)
        for piece in pieces {
            input.append(piece)
            try wire.receive(&input, into: &events, answering: &output)
        }
        return events.compactMap { if case .away(let isAway) = $0 { isAway } else { nil } }
    }

    @Test func anEventStreamTellsIt() throws {
        let signs = [true, true, false, false, true].map { isAway in
            "event: heartbeat\nid: e-1\ndata: {\"time\":1\(isAway ? ",\"stale\":true" : "")}\n\n"
        }
        let live = "event: live\nid: e-1\ndata: {\"resumed\":false,\"stale\":true}\n\n"
        for (first, expected) in [("", [true, false, true]), (live, [true, false, true])] {
            let stream = first + signs.joined()
            let text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + stream
            for pieces in everyCut(Array(text.utf8)).map({ [$0.first, $0.second] }) {
                let wire = EventStreamWire(
                    SubscriptionRequest(topics: ["a"]), at: try GatewayURL("http://h"))
                let told = try hear(wire, pieces)
                try #require(told == expected)
            }
        }
    }

    @Test func aWebSocketTellsIt() throws {
        let key = Array("the sample nonce".utf8)
        var bytes = ByteBuffer()
        // The example of RFC 6455 §1.3.
        bytes.append("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
        bytes.append("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        for text in [
            #"{"type":"live","cursor":"e-1","stale":true}"#, #"{"type":"stale","topic":"a","since":1}"#,
            #"{"type":"heartbeat","time":1,"cursor":"e-1","stale":true}"#,
            #"{"type":"heartbeat","time":2,"cursor":"e-1"}"#,
        ] { bytes.append(frame: .text, payload: Array(text.utf8).span) }
        let wire = WebSocketWire(
            SubscriptionRequest(topics: ["a"]), at: try GatewayURL("http://h"), keyBytes: key)
        #expect(try hear(wire, [bytes.array]) == [true, false])
    }

    @Test func aPollTellsIt() throws {
        let wire = PollWire(SubscriptionRequest(topics: ["a"]), at: try GatewayURL("http://h"))
        var told: [Bool] = []
        for away in [#","away":true"#, #","away":true"#, ""] {
            let body = #"{"cursor":"e-1","updates":[]\#(away)}"#
            let text = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            told += try hear(wire, [Array(text.utf8)])
        }
        #expect(told == [true, false])
    }
}
