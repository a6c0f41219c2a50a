import Client
import Primitives
import TestSupport
import Testing
import Transport
import WebSocket

/// A subscription over real sockets that break.
struct SubscriptionStreamTests {
    private func stream(
        _ server: ScriptedServer, _ transport: SubscriptionTransport, cursor: String? = nil,
        heartbeat: Int = 10, reconnects: Bool = true, stop: Wakeup? = nil
    ) throws -> SubscriptionStream {
        var request = SubscriptionRequest(topics: ["a"])
        request.heartbeatSeconds = heartbeat
        return SubscriptionStream(
            request, at: try GatewayURL("http://127.0.0.1:\(server.port)"), over: transport,
            cursor: cursor.map { Array($0.utf8) }, reconnects: reconnects, stop: stop)
    }

    /// Events in short, until the stream ends or `count` updates have come.
    private func follow(_ stream: SubscriptionStream, until count: Int = .max) -> [String] {
        var told: [String] = []
        var events: [SubscriptionEvent] = []
        var updates = 0
        while updates < count, stream.next(into: &events) {
            for event in events {
                switch event {
                case .update(let update, _):
                    updates += 1
                    told.append("v\(update.version)")
                case .connected: told.append("connected")
                case .live: told.append("live")
                case .reset: told.append("reset")
                case .gap: told.append("gap")
                case .stale(let staleness): told.append("stale \(staleness.since)")
                case .away(let isAway): told.append(isAway ? "away" : "back")
                case .heartbeat: break
                case .cursor(let cursor): told.append(cursor.span.text)
                case .error(let code, _): told.append(code)
                case .disconnected(_, let delay): told.append(delay == nil ? "ended" : "dropped")
                }
            }
            events.removeAll()
        }
        return told
    }

    private static func update(_ version: Int) -> String {
        #"{"topic":"a","version":\#(version),"time":9,"data":1}"#
    }

    private static let eventStreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    @Test func anEventStreamResumesBehindItsLastID() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(Self.eventStreamHead + "id: c1\ndata: \(Self.update(1))\n\n")
                peer.send("event: live\ndata: {\"resumed\":false}\n\nid: c2\n\n")
            },
            { peer in
                peer.read()
                peer.send(
                    Self.eventStreamHead + "data: \(Self.update(1))\n\nid: c3\ndata: \(Self.update(3))\n\n")
                peer.awaitEnd()
            },
        ])
        let stream = try stream(server, .eventStream)
        let told = follow(stream, until: 2)
        #expect(told == ["connected", "v1", "c1", "live", "c2", "dropped", "connected", "v3", "c3"])
        #expect(stream.repeatCount == 1)
        #expect(server.heads.count == 2)
        #expect(server.heads[0].hasPrefix("GET /sse?topics=a&heartbeat=10 HTTP/1.1\r\n"))
        #expect(server.heads[1].hasPrefix("GET /sse?topics=a&cursor=c2&heartbeat=10 HTTP/1.1\r\n"))
    }

    private static func pollAnswer(_ cursor: String, _ updates: [String], _ fields: String = "") -> String {
        let body = #"{"cursor":"\#(cursor)","updates":[\#(updates.joined(separator: ","))]}"#
        return "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func aPollGoesOnOverOneConnectionAndOverTheNext() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(Self.pollAnswer("c1", [Self.update(1)]))
                peer.read()
                peer.send(Self.pollAnswer("c2", [Self.update(2)], "Connection: close\r\n"))
            },
            { peer in
                peer.read()  // And ends without an answer.
            },
            { peer in
                peer.read()
                peer.send(Self.pollAnswer("c3", [Self.update(3)]))
                peer.awaitEnd()
            },
        ])
        let told = follow(try stream(server, .poll), until: 3)
        #expect(
            told.filter { $0 != "connected" && $0 != "live" } == [
                "v1", "c1", "v2", "c2", "dropped", "v3", "c3",
            ])
        #expect(
            server.heads.map { String($0.split(separator: " ")[1]) } == [
                "/poll?topics=a&wait=25", "/poll?topics=a&cursor=c1&wait=25",
                "/poll?topics=a&cursor=c2&wait=25", "/poll?topics=a&cursor=c2&wait=25",
            ])
    }

    /// The delays after the first `count` ends of links.
    private func delays(_ stream: SubscriptionStream, _ count: Int) -> [Duration?] {
        var delays: [Duration?] = []
        var events: [SubscriptionEvent] = []
        while delays.count < count, stream.next(into: &events) {
            for case .disconnected(_, let delay) in events { delays.append(delay) }
            events.removeAll()
        }
        return delays
    }

    @Test func aPollWaitsAsLongAsItsAnswerSays() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(Self.pollAnswer("c1", [Self.update(1)], "Retry-After: 0\r\n"))
                peer.read()
                peer.send(Self.pollAnswer("c2", [Self.update(2)], "Connection: close\r\nRetry-After: 11\r\n"))
            }
        ])
        #expect(delays(try stream(server, .poll), 1) == [.seconds(11)])
    }

    /// A stream may end with its first event. How long the gateway is away says nothing of what comes then.
    @Test func theDelayOfAGoodbyeIsForOnce() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                let goodbye = #"{"reason":"draining","reconnectAfter":100}"#
                peer.send(Self.eventStreamHead + "retry: 100\nevent: goodbye\ndata: \(goodbye)\n\n")
            }
        ])
        let delays = delays(try stream(server, .eventStream), 2)
        #expect(delays.first == .milliseconds(100))
        // Nobody listens any more: the back-off begins.
        #expect(delays.last.flatMap { $0 } ?? .zero >= .milliseconds(750))
    }

    /// Answers a WebSocket's handshake with any key.
    private static func openWebSocket(_ peer: inout ScriptedServer.Peer, _ head: String) {
        let line = head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") } ?? ""
        let key = Array(line.dropFirst("Sec-WebSocket-Key: ".count).utf8)
        let accept = Handshake.acceptValue(forKey: key.span).map { String(decoding: $0, as: UTF8.self) } ?? ""
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n")
    }

    private static func messages(_ texts: [String], closing code: CloseCode? = nil) -> [UInt8] {
        var buffer = ByteBuffer()
        for text in texts { buffer.append(frame: .text, payload: Array(text.utf8).span) }
        if let code { buffer.append(closeFrame: code, reason: "") }
        return buffer.bytes.array
    }

    @Test func aWebSocketResumesAndObeysGoodbye() throws {
        let server = try ScriptedServer([
            { peer in
                Self.openWebSocket(&peer, peer.readHead())
                peer.send(
                    Self.messages(
                        [
                            #"{"type":"subscribed","resumed":true}"#,
                            #"{"type":"updates","cursor":"c1","updates":[\#(Self.update(4))]}"#,
                            #"{"type":"goodbye","reason":"draining","reconnectAfter":100}"#,
                        ], closing: .goingAway))
                peer.awaitEnd()
            },
            { peer in
                Self.openWebSocket(&peer, peer.readHead())
                peer.send(
                    Self.messages(
                        [
                            #"{"type":"subscribed","resumed":false}"#,
                            #"{"type":"updates","updates":[\#(Self.update(1))]}"#,
                            #"{"type":"live","cursor":"d1"}"#,
                        ], closing: .policyViolation))
                peer.awaitEnd()
            },
        ])
        let stream = try stream(server, .webSocket, cursor: "c0")
        #expect(
            follow(stream) == [
                "connected", "v4", "c1", "dropped", "connected", "reset", "v1", "live", "d1", "ended",
            ])
        #expect(stream.failure == .closed(code: 1008, reason: ""))
        #expect(server.heads.count == 2)
        #expect(server.heads[1].hasPrefix("GET /ws?topics=a&cursor=c1&heartbeat=10 HTTP/1.1\r\n"))
    }

    @Test func aRefusalEndsTheStream() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"code\":\"invalid_topic\"}")
            }
        ])
        let stream = try stream(server, .eventStream)
        #expect(follow(stream) == ["ended"])
        guard case .refused(let problem)? = stream.failure else {
            Issue.record("no refusal: \(String(describing: stream.failure))")
            return
        }
        #expect(problem.code == "invalid_topic")
    }

    @Test func silenceIsDeath() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(Self.eventStreamHead)
                peer.awaitEnd()
            }
        ])
        let stream = try stream(server, .eventStream, heartbeat: 1, reconnects: false)
        #expect(follow(stream) == ["connected", "ended"])
        #expect(stream.failure == .silence(seconds: 2))
    }

    @Test func anyThreadMayStopIt() throws {
        let stop = try Wakeup()
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(Self.eventStreamHead)
                stop.wake()
                peer.awaitEnd()
            }
        ])
        let stream = try stream(server, .eventStream, stop: stop)
        #expect(follow(stream).last == "ended")
        #expect(stream.failure == .stopped)
    }

    @Test func nobodyThereIsSaid() throws {
        let server = try ScriptedServer([])
        let url = try GatewayURL("http://127.0.0.1:1")
        let stream = SubscriptionStream(
            SubscriptionRequest(topics: ["a"]), at: url, over: .webSocket, reconnects: false)
        #expect(follow(stream) == ["ended"])
        #expect(stream.failure?.description == "cannot connect to http://127.0.0.1:1: Connection refused")
        _ = server
    }
}
