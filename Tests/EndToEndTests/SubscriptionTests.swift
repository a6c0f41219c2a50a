/// The WebSocket's commands and answers, and the rules of all transports (docs/protocol.md, section 4).
import Foundation
import Testing

@Suite struct SubscriptionTests {
    @Test func aBareURLShowsPrices() throws {
        try HTTPProbe.put("bare/a", #"{"price":1}"#)
        let probe = try WebSocketProbe("topics=bare/*", ["Sec-WebSocket-Protocol: other, tidegate.v1"])
        #expect(probe.head.field("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(probe.head.field("Sec-WebSocket-Protocol") == "tidegate.v1")
        let welcome = try probe.next()
        #expect(welcome["type"].string == "welcome")
        #expect(welcome["session"].string?.isEmpty == false)
        #expect(welcome["server"].string?.hasPrefix("tidegate/") == true)
        #expect(welcome["heartbeat"].int == 25)
        let subscribed = try probe.next()
        #expect(subscribed["type"].string == "subscribed")
        #expect(subscribed["topics"][0].string == "bare/*")
        #expect(subscribed["resumed"].bool == false)
        #expect(subscribed.names == ["type", "topics", "resumed", "maxRate"])
        let updates = try probe.next()
        #expect(updates["updates"][0].names == ["topic", "version", "time", "data"])
        #expect(updates["updates"][0]["data"]["price"].int == 1)
        #expect(try probe.next()["type"].string == "live")
        let version = try HTTPProbe.put("bare/new", "2")
        let live = try probe.next("updates")
        #expect(live["updates"][0]["version"].int == version)
        #expect(live["cursor"].string != nil)
    }

    @Test func nobodyOffersASubprotocolAndNoneIsChosen() throws {
        #expect(try WebSocketProbe().head.field("Sec-WebSocket-Protocol") == nil)
        #expect(
            try WebSocketProbe("", ["Sec-WebSocket-Protocol: x"]).head.field("Sec-WebSocket-Protocol") == nil)
    }

    @Test func liveCarriesACursorAlsoWhenThereIsNothing() throws {
        let probe = try WebSocketProbe()
        let subscribed = try probe.ask(1, #"{"type":"subscribe","id":1,"topics":["void/x"]}"#)
        #expect(subscribed["resumed"].bool == false)
        let live = try probe.next()
        #expect(live["type"].string == "live")
        #expect(live["id"].int == 1)
        #expect(live["cursor"].string != nil)
    }

    @Test func aFurtherSubscribeSendsOnlyWhatIsNew() throws {
        for name in ["a", "b", "c"] { try HTTPProbe.put("further/\(name)", "1") }
        let probe = try WebSocketProbe("topics=further/a,further/b")
        #expect(try probe.snapshot().updates.count == 2)
        _ = try probe.ask(1, #"{"type":"subscribe","id":1,"topics":["further/*"]}"#)
        let second = try probe.snapshot()
        #expect(second.updates.map { $0["topic"].string } == ["further/c"])
        #expect(second.live["id"].int == 1)
    }

    @Test func whatIsUnsubscribedStaysSilent() throws {
        let probe = try WebSocketProbe("topics=unsub/a,unsub/*,unsub/b/*")
        _ = try probe.snapshot()
        let answer = try probe.ask(2, #"{"type":"unsubscribe","id":2,"topics":["unsub/*","never/held"]}"#)
        #expect(answer["type"].string == "unsubscribed")
        #expect(answer["topics"].list.map(\.string) == ["unsub/*", "never/held"])
        try HTTPProbe.put("unsub/z", "1")
        try HTTPProbe.put("unsub/b/x", "1")
        try HTTPProbe.put("unsub/a", "1")
        let updates = try probe.updates { $0["topic"].string == "unsub/a" }
        #expect(!updates.contains { $0["topic"].string == "unsub/z" })
    }

    @Test func answersEchoAnyKindOfID() throws {
        let probe = try WebSocketProbe()
        for id in ["7", #""seven""#, "null", #"{"a":[1,2]}"#, "1.5e3"] {
            try probe.send(#"{"id":\#(id),"type":"ping"}"#)
            let frame = try nextText(probe)
            #expect(frame == #"{"type":"pong","id":\#(id)}"#)
        }
        try probe.send(#"{"type":"ping"}"#)
        #expect(try nextText(probe) == #"{"type":"pong"}"#)
    }

    private func nextText(_ probe: WebSocketProbe) throws -> String {
        while true {
            let text = try probe.nextFrame().text
            if !text.contains("\"welcome\"") { return text }
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let text: String
        let code: String
        var hasID = true
        var testDescription: String { text }
    }

    static let bad = [
        Bad(text: "{", code: "invalid_json", hasID: false),
        Bad(text: "", code: "invalid_json", hasID: false),
        Bad(text: "7", code: "bad_request", hasID: false),
        Bad(text: #"{"id":1}"#, code: "bad_request"),
        Bad(text: #"{"id":1,"type":"dance"}"#, code: "bad_request"),
        Bad(text: #"{"id":1,"type":5}"#, code: "bad_request"),
        Bad(text: #"{"type":5,"id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","id":1,"topics":"a"}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","id":1,"topics":[]}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","id":1,"topics":[1]}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","id":1,"topics":["a//b"]}"#, code: "invalid_topic"),
        Bad(text: #"{"type":"subscribe","id":1,"topics":["a","**/b"]}"#, code: "invalid_topic"),
        Bad(text: #"{"type":"subscribe","topics":["a"],"maxRate":"5","id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","topics":["a"],"maxRate":0,"id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"subscribe","topics":["a"],"cursor":5,"id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"pace","id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"pace","id":1,"maxRate":-1}"#, code: "bad_request"),
        Bad(text: #"{"type":"publish","id":1}"#, code: "bad_request"),
        Bad(text: #"{"type":"publish","id":1,"updates":[{"topic":"*","data":1}]}"#, code: "invalid_topic"),
        Bad(text: #"{"type":"publish","id":1,"updates":[{"topic":"a"}]}"#, code: "bad_request"),
        Bad(text: #"{"type":"auth","id":1,"token":"x"}"#, code: "bad_request"),
    ]

    @Test func aBadMessageIsAnsweredAndTheConnectionLives() throws {
        let probe = try WebSocketProbe()
        for bad in Self.bad {
            try probe.send(bad.text)
            let error = try probe.next("error")
            #expect(error["code"].string == bad.code, "\(bad.text)")
            #expect(error["message"].string?.isEmpty == false)
            #expect(error["id"].int == (bad.hasID ? 1 : nil), "\(bad.text)")
        }
        #expect(try probe.ask(9, #"{"type":"ping","id":9}"#)["type"].string == "pong")
    }

    @Test func aPublishIsTakenWholeOrNotAtAll() throws {
        let probe = try WebSocketProbe("topics=wspub/*")
        _ = try probe.snapshot()
        let refused = try probe.ask(
            1,
            #"{"type":"publish","id":1,"updates":[{"topic":"wspub/a","data":1},{"topic":"wspub/ b","data":1}]}"#
        )
        #expect(refused["code"].string == "invalid_topic")
        let accepted = try probe.ask(
            2,
            #"{"type":"publish","id":2,"updates":[{"topic":"wspub/a","data":{"x":[1,null]}},{"topic":"wspub/b","data":null}]}"#
        )
        #expect(accepted["type"].string == "published")
        #expect(accepted["accepted"].int == 2)
        let updates = try probe.updates { $0["topic"].string == "wspub/b" }
        #expect(updates.map { $0["version"].int } == [1, 1])
        #expect(updates.last?["data"].isNull == true)
        #expect(try HTTPProbe.ask("GET", "/topics/wspub/b").json["version"].int == 1)
    }

    // MARK: Pace and heartbeats

    @Test func aPacedReaderSkipsVersionsAndEndsWithTheLast() throws {
        let probe = try WebSocketProbe("topics=paced/x&maxRate=4")
        #expect(try probe.next("subscribed")["maxRate"].double == 4)
        _ = try probe.snapshot()
        let publisher = try HTTPProbe()
        for number in 1...60 {
            try publisher.send("PUT", "/topics/paced/x", body: "\(number)")
            #expect(try publisher.answer().status == 200)
        }
        let versions = try probe.updates { $0["version"].int == 60 }.compactMap { $0["version"].int }
        #expect(versions.last == 60)
        #expect(versions == versions.sorted())
        #expect(Set(versions).count == versions.count)
        #expect(versions.count < 60)
    }

    @Test func aPacedEventStreamEndsWithTheLastToo() throws {
        let probe = try EventStreamProbe("topics=paced/y&maxRate=5")
        _ = try probe.snapshot()
        let lines = (1...500).map { "{\"topic\":\"paced/y\",\"data\":\($0)}" }.joined(separator: "\n")
        try HTTPProbe.ask("POST", "/publish", ["Content-Type: application/x-ndjson"], body: lines)
        let updates = try probe.updates { $0["version"].int == 500 }
        #expect(updates.last?["data"].int == 500)
        #expect(updates.count < 100)
    }

    @Test func paceIsEchoedAndLifted() throws {
        let probe = try WebSocketProbe("topics=paced/z")
        _ = try probe.snapshot()
        #expect(try probe.ask(1, #"{"type":"pace","id":1,"maxRate":0.5}"#)["maxRate"].double == 0.5)
        for number in 1...3 { try HTTPProbe.put("paced/z", "\(number)") }
        let lifted = try probe.ask(2, #"{"type":"pace","id":2,"maxRate":null}"#)
        #expect(lifted["maxRate"].isNull)
        #expect(try HTTPProbe.put("paced/z", "4") == 4)
        #expect(try probe.updates { $0["version"].int == 4 }.last?["data"].int == 4)
    }

    @Test(arguments: ["maxRate=0", "maxRate=-1", "maxRate=x", "maxRate=nan", "heartbeat=0", "heartbeat=61"])
    func aParameterOutOfItsRangeIsRefused(parameter: String) throws {
        for path in ["/ws", "/sse", "/poll"] {
            let answer = try HTTPProbe.ask(
                "GET", "\(path)?topics=a&\(parameter)", path == "/ws" ? WebSocketProbe.fields : [])
            #expect(answer.status == 400)
            #expect(answer.code == "bad_request")
            #expect(answer.text.contains(parameter.prefix { $0 != "=" }))
        }
    }

    @Test func aWebSocketHearsHeartbeats() throws {
        let probe = try WebSocketProbe("topics=beat/none&heartbeat=1")
        #expect(try probe.next("welcome")["heartbeat"].int == 1)
        let beat = try probe.next("heartbeat")
        #expect(beat["time"].int ?? 0 > 1_600_000_000_000)
        #expect(beat["cursor"].string != nil)
    }

    /// A browser's script sees no pings, so they must not replace heartbeats.
    @Test func pingsPutOffNoHeartbeat() throws {
        let gateway = try GatewayProcess(#""subscribers": { "pingInterval": 0.3, "pongTimeout": 30 }"#)
        let probe = try WebSocketProbe("topics=beat/none&heartbeat=1", [], gateway)
        _ = try probe.snapshot()
        var pings = 0
        while true {
            let frame = try probe.nextFrame()
            if frame.opcode == 1 {
                #expect(JSON(frame.payload)["type"].string == "heartbeat")
                break
            }
            pings += 1
            try #require(frame.opcode == 9 && pings < 20, "\(pings) pings, and no heartbeat among them")
            try probe.socket.send(WebSocketProbe.frame(10, frame.payload))
        }
        #expect(pings > 0)
    }

    @Test func tombstonesAreToldLiveAndAreNotInSnapshots() throws {
        let socket = try WebSocketProbe("topics=tomb/x")
        let stream = try EventStreamProbe("topics=tomb/x")
        _ = try socket.snapshot()
        _ = try stream.snapshot()
        try HTTPProbe.put("tomb/x", "1")
        _ = try socket.updates { $0["version"].int == 1 }
        _ = try stream.updates { $0["version"].int == 1 }
        try HTTPProbe.ask("DELETE", "/topics/tomb/x")
        for last in [
            try socket.updates { $0["version"].int == 2 }.last,
            try stream.updates { $0["version"].int == 2 }.last,
        ] {
            #expect(last?.names == ["topic", "version", "time", "deleted"])
            #expect(last?["deleted"].bool == true)
        }
        #expect(try Transport.webSocket.read("tomb/x").versions.isEmpty)
        #expect(try HTTPProbe.put("tomb/x", "3") == 3)
    }

    // MARK: Closing

    struct Wrong: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let code: Int
        var testDescription: String { name }
    }

    static let wrong = [
        Wrong(name: "binary", bytes: WebSocketProbe.frame(2, [1, 2]), code: 1003),
        Wrong(name: "unmasked", bytes: WebSocketProbe.frame(1, [0x7B, 0x7D], isMasked: false), code: 1002),
        Wrong(name: "reserved bit", bytes: [0xC1, 0x80, 0, 0, 0, 0], code: 1002),
        Wrong(name: "reserved opcode", bytes: WebSocketProbe.frame(3, []), code: 1002),
        Wrong(name: "stray continuation", bytes: WebSocketProbe.frame(0, []), code: 1002),
        Wrong(
            name: "long ping", bytes: WebSocketProbe.frame(9, [UInt8](repeating: 0, count: 126)), code: 1002),
        Wrong(name: "not UTF-8", bytes: WebSocketProbe.frame(1, [0xFF]), code: 1007),
        Wrong(
            name: "too big", bytes: WebSocketProbe.frame(1, [UInt8](repeating: 0x20, count: 65_537)),
            code: 1009),
        Wrong(name: "close code 1005", bytes: WebSocketProbe.frame(8, [0x03, 0xED]), code: 1002),
    ]

    @Test(arguments: wrong) func aBadFrameClosesWithItsCode(wrong: Wrong) throws {
        let probe = try WebSocketProbe()
        try probe.socket.send(wrong.bytes)
        let close = try probe.nextClose()
        #expect(close.closeCode == wrong.code)
        #expect(close.payload.count > 2)
        if wrong.code == 1003 { try probe.sendClose(1003) }
        #expect(try probe.socket.takeAll().isEmpty)
        #expect(!probe.socket.wasReset)
    }

    @Test func aCloseIsAnsweredWithItsCode() throws {
        let probe = try WebSocketProbe("topics=close/x")
        _ = try probe.snapshot()
        try probe.sendClose(1000)
        #expect(try probe.nextClose().closeCode == 1000)
        #expect(try probe.socket.takeAll().isEmpty)
    }

    @Test func pingsAreAnsweredBetweenFragments() throws {
        let probe = try WebSocketProbe()
        _ = try probe.next("welcome")
        let text = Array(#"{"type":"ping","id":5}"#.utf8)
        try probe.socket.send(WebSocketProbe.frame(1, Array(text[..<6]), isFinal: false))
        try probe.socket.send(WebSocketProbe.frame(9, Array("hello".utf8)))
        let pong = try probe.nextFrame()
        #expect(pong.opcode == 10)
        #expect(pong.text == "hello")
        try probe.socket.send(WebSocketProbe.frame(0, Array(text[6...])))
        #expect(try probe.next("pong")["id"].int == 5)
    }

    @Test func aSilentPeerIsPingedAndThenClosed() throws {
        let gateway = try GatewayProcess(#""subscribers": { "pingInterval": 0.2, "pongTimeout": 0.3 }"#)
        let probe = try WebSocketProbe("", [], gateway)
        // `welcome` gives the heartbeat in whole seconds: pings this quick round to none.
        let welcome = try probe.next()
        #expect(welcome["type"].string == "welcome" && welcome["heartbeat"].int == 0)
        #expect(try probe.nextFrame().opcode == 9)
        try probe.socket.send(WebSocketProbe.frame(10, []))
        #expect(try probe.nextFrame().opcode == 9)
        #expect(try probe.nextClose().closeCode == 1011)
    }

    /// The ping waits in the kernels behind bytes that a slow reader has not read yet. Reading on shows that it
    /// lives.
    @Test func aSlowReaderComesToThePingLate() throws {
        let gateway = try GatewayProcess(
            #""subscribers": { "pingInterval": 0.2, "pongTimeout": 0.2, "flushBytes": 8192 }"#)
        let probe = try WebSocketProbe("topics=slow/*", [], gateway, receiveBuffer: 4096)
        _ = try probe.next("live")
        let value = "\"" + String(repeating: "x", count: 8000) + "\""
        let list = (0..<40).map { "{\"topic\":\"slow/\($0)\",\"data\":\(value)}" }.joined(separator: ",")
        #expect(try HTTPProbe.ask("POST", "/publish", body: "[\(list)]", on: gateway).status == 200)
        var seen = Set<String>()
        var pings = 0
        while seen.count < 40 {
            // This makes the reader slow: eight kilobytes each time, and a full buffer takes twice the pong's time.
            usleep(50_000)
            let frame = try probe.nextFrame()
            switch frame.opcode {
            case 9:
                pings += 1
                try probe.socket.send(WebSocketProbe.frame(10, frame.payload))
            case 1:
                for update in JSON(frame.payload)["updates"].list {
                    seen.insert(update["topic"].string ?? "")
                }
            default: throw Fault("it was cut with \(frame.opcode) after \(seen.count) topics")
            }
        }
        #expect(pings > 0)
    }

    @Test func subscriptionsAreLimited() throws {
        let gateway = try GatewayProcess(#""subscribers": { "subscriptions": 3 }"#)
        let probe = try WebSocketProbe("topics=a,b", [], gateway)
        let refused = try probe.ask(1, #"{"type":"subscribe","id":1,"topics":["c","d"]}"#)
        #expect(refused["code"].string == "too_many_topics")
        #expect(
            try probe.ask(2, #"{"type":"subscribe","id":2,"topics":["c"]}"#)["type"].string == "subscribed")
        let answer = try HTTPProbe.ask("GET", "/poll?topics=a,b,c,d", on: gateway)
        #expect(answer.status == 400)
        #expect(answer.code == "too_many_topics")
    }

    @Test func whatIsHeldCountsOnce() throws {
        let gateway = try GatewayProcess(#""subscribers": { "subscriptions": 3 }"#)
        let probe = try WebSocketProbe("topics=a,b/*", [], gateway)
        for id in 1...5 {
            let answer = try probe.ask(
                id, #"{"type":"subscribe","id":\#(id),"topics":["a","b/*","c","a","c"]}"#)
            #expect(answer["type"].string == "subscribed")
        }
        // A pattern covers it, but it is not subscribed by itself.
        let refused = try probe.ask(6, #"{"type":"subscribe","id":6,"topics":["a","b/1"]}"#)
        #expect(refused["code"].string == "too_many_topics")
    }

    /// A pace delays each `live`, so a peer that keeps subscribing could make the gateway remember ever more of them.
    @Test func noMoreLivesAreOwedThanSubscriptionsMayBeHeld() throws {
        let gateway = try GatewayProcess(#""subscribers": { "subscriptions": 3 }"#)
        try HTTPProbe.put("owed/a", "1", on: gateway)
        let probe = try WebSocketProbe("topics=owed/a&maxRate=0.001", [], gateway)
        _ = try probe.next("live")
        // The next update waits a quarter of an hour, and each new `live` must wait behind it.
        try HTTPProbe.put("owed/a", "2", on: gateway)
        for id in 1...3 {
            let answer = try probe.ask(id, #"{"type":"subscribe","id":\#(id),"topics":["owed/b"]}"#)
            #expect(answer["type"].string == "subscribed")
            _ = try probe.ask(0, #"{"type":"unsubscribe","id":0,"topics":["owed/b"]}"#)
        }
        let refused = try probe.ask(4, #"{"type":"subscribe","id":4,"topics":["owed/b"]}"#)
        #expect(refused["code"].string == "rate_limited")
        _ = try probe.ask(5, #"{"type":"pace","id":5,"maxRate":null}"#)
        for id in 1...3 { #expect(try probe.next("live")["id"].int == id) }
        let granted = try probe.ask(6, #"{"type":"subscribe","id":6,"topics":["owed/b"]}"#)
        #expect(granted["type"].string == "subscribed")
    }

    @Test func tenThousandTopicsOnOneConnection() throws {
        let gateway = try GatewayProcess(#""subscribers": { "messageBytes": 1048576 }"#)
        let lines = (0..<10_000).map { "{\"topic\":\"many/\($0)\",\"data\":\($0)}" }
        let body = lines.joined(separator: "\n") + "\n"
        let published = try HTTPProbe.ask(
            "POST", "/publish", ["Content-Type: application/x-ndjson"], body: body, on: gateway)
        #expect(published.json["accepted"].int == 10_000)
        let probe = try WebSocketProbe("", [], gateway)
        let names = (0..<10_000).map { "\"many/\($0)\"" }.joined(separator: ",")
        try probe.send("{\"type\":\"subscribe\",\"id\":1,\"topics\":[\(names)]}")
        #expect(try Set(probe.snapshot().updates.map { $0["topic"].string }).count == 10_000)
        try HTTPProbe.put("many/77", "-1", on: gateway)
        #expect(try probe.updates { $0["data"].int == -1 }.count == 1)
    }
}
