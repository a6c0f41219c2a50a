import Broker
import HTTP
import Primitives
import Testing

@testable import Gateway

/// The front end by itself: bytes in, bytes and wishes out.
@Suite struct HTTP1FrontEndTests {
    private func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    @Test func anIdleOneFitsIntoItsConnection() {
        // Three words are what an existential holds without a box.
        #expect(MemoryLayout<HTTP1FrontEnd>.size <= 24)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() {
        let stage = FrontEndStage()
        let answer = stage.receive(get("/healthz") + get("/nothing") + get("/healthz"))
        let statuses = answer.matches(of: /HTTP\/1.1 (\d+)/).map { $0.output.1 }
        #expect(statuses == ["200", "404", "200"])
        #expect(stage.connection.endReason == nil)
    }

    @Test func aPollIsAnsweredOnceAndThenComesWhatWasPipelined() throws {
        let stage = FrontEndStage()
        let first = stage.receive(get("/poll?topics=a"))
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        #expect(stage.receive(get("/poll?topics=a&cursor=\(cursor)")).isEmpty)
        #expect(!stage.frontEnd.isReading && "\(stage.frontEnd.transport)" == "poll")
        #expect(stage.flush().isEmpty)
        try stage.publish("a", "1")
        #expect(stage.flush().contains(#""updates":[{"topic":"a","version":1"#))
        #expect(stage.frontEnd.isReading && stage.frontEnd.subscriber == nil)
        try stage.publish("a", "2")
        #expect(stage.flush().isEmpty)
    }

    @Test func aPollEndsWhenItsTimeIsUp() throws {
        let stage = FrontEndStage()
        let first = stage.receive(get("/poll?topics=a"))
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        _ = stage.receive(get("/poll?topics=a&wait=3&cursor=\(cursor)"))
        #expect(stage.pass(.milliseconds(2999)).isEmpty)
        #expect(stage.pass(.milliseconds(1)).contains(#""updates":[]"#))
    }

    @Test func anIdleConnectionIsEnded() {
        let stage = FrontEndStage()
        #expect(stage.pass(.seconds(74)).isEmpty && stage.work.actions.end == nil)
        #expect(stage.pass(.seconds(1)).isEmpty && stage.work.actions.end == .timeout)
    }

    @Test func aHeadThatDripsIsRefusedAfterItsTime() {
        let stage = FrontEndStage()
        _ = stage.receive("GET /healthz HT")
        _ = stage.pass(.seconds(9))
        _ = stage.receive("TP/1.1\r\nHost:")
        #expect(stage.pass(.seconds(1)).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(stage.connection.endReason == .timeout)
    }

    @Test func anUpgradeIsAWish() {
        let stage = FrontEndStage()
        let answer = stage.receive(
            get(
                "/ws",
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains(#"{"type":"welcome""#))
        #expect(stage.frontEnd is WebSocketFrontEnd)
    }

    @Test func aStreamGoesOnUntilTheGatewayDrains() throws {
        let stage = FrontEndStage()
        #expect(stage.receive(get("/sse?topics=a")).contains("Transfer-Encoding: chunked\r\n"))
        try stage.publish("a", "1")
        #expect(stage.flush().contains("data: {\"topic\":\"a\",\"version\":1"))
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        #expect(stage.said().hasSuffix("}\n\n\r\n0\r\n\r\n"))
        #expect(stage.connection.endReason == .drained)
    }

    /// A gateway that dies loses all its readers in one moment: they must not come back in one.
    @Test func eachStreamHasADelayOfItsOwn() throws {
        let stage = FrontEndStage()
        var delays: [Int] = []
        for _ in 0..<2000 {
            let answer = stage.receive(get("/sse?topics=a"))
            delays.append(try #require(Int(answer.firstMatch(of: /retry: (\d+)\n/)?.output.1 ?? "")))
            stage.frontEnd.ended(stage.work)
        }
        let slots = Dictionary(grouping: delays) { $0 / 200 }
        #expect(delays.allSatisfy { (1000...3000).contains($0) })
        // A tenth of them comes in each tenth of the time, give or take a third.
        #expect((5..<15).allSatisfy { (130...270).contains(slots[$0]?.count ?? 0) })
    }

    @Test func aQuietStreamIsSentALineAndNoBlock() {
        let stage = FrontEndStage()
        _ = stage.receive(get("/sse?topics=a"))
        _ = stage.flush()
        stage.connection.lastSent = stage.clock.now
        #expect(stage.pass(.seconds(15)) == "0000000d\r\n: still here\n\r\n")
    }

    private func post(_ path: String, _ content: String, _ method: String = "POST", _ fields: String = "")
        -> String
    {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(fields)Content-Length: \(content.utf8.count)\r\n\r\n\(content)"
    }

    @Test(arguments: ["POST", "QUERY"]) func aBodyMayAskForAPoll(method: String) throws {
        let stage = FrontEndStage()
        let first = stage.receive(post("/poll", #"{"topics":["a"]}"#, method))
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        // It waits, and what was pipelined behind it waits too.
        let waiting = post("/poll", #"{"topics":["a"],"cursor":"\#(cursor)"}"#, method) + get("/healthz")
        #expect(stage.receive(waiting).isEmpty)
        #expect(!stage.frontEnd.isReading && "\(stage.frontEnd.transport)" == "poll")
        #expect(stage.flush().isEmpty)
        try stage.publish("a", "1")
        #expect(stage.flush().contains(#""updates":[{"topic":"a","version":1"#))
        #expect(stage.receive("").hasSuffix("ok\n"))
    }

    @Test func aBodyThatComesInPiecesMayAskForAStream() throws {
        let stage = FrontEndStage()
        let head = "POST /sse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(stage.receive(head + "9\r\n{\"topics\"\r\n").isEmpty)
        #expect("\(stage.frontEnd.transport)" == "http" && stage.frontEnd.isReading)
        #expect(stage.receive("7\r\n:[\"a\"]}\r\n").isEmpty)
        #expect(stage.receive("0\r\n\r\n").contains("Content-Type: text/event-stream"))
        #expect("\(stage.frontEnd.transport)" == "sse")
        try stage.publish("a", "1")
        #expect(stage.flush().contains("data: {\"topic\":\"a\",\"version\":1"))
        stage.frontEnd.ended(stage.work)
        #expect(stage.work.statistics[.eventStreams] == 0)
    }

    /// Whatever its sender holds, a POST gets an answer of its own; a QUERY is as good as a GET.
    @Test(arguments: [("POST", "200"), ("QUERY", "304")])
    func theTagOfAPollWithABodyIsItsCursor(method: String, status: String) throws {
        let stage = FrontEndStage()
        let first = stage.receive(get("/poll?topics=a"))
        let tag = try #require(first.firstMatch(of: /ETag: ("[^"]+")/)).output.1
        let again = post("/poll", #"{"topics":["a"],"wait":0}"#, method, "If-None-Match: \(tag)\r\n")
        let answer = stage.receive(again)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && !answer.contains("reset"))
    }

    @Test func theLastEventIDOfAStreamWithABodyCounts() throws {
        let stage = FrontEndStage()
        let first = stage.receive(get("/poll?topics=a"))
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        let id = "Last-Event-ID: \(cursor)\r\n"
        let answer = stage.receive(post("/sse", #"{"topics":["a"],"cursor":"nobody-1"}"#, "POST", id))
        #expect(answer.contains("200 OK") && !answer.contains("event: reset"))
    }

    @Test(arguments: [
        ("/sse", "", "400", "bad_request", "Name what to subscribe to"),
        ("/poll", #"{"topics":["a"#, "400", "invalid_json", "broken"),
        ("/sse", #"{"topics":["a b"]}"#, "400", "invalid_topic", ""),
        ("/poll", #"{"topics":["a"],"wait":61}"#, "400", "bad_request", "from 0 to 60"),
        ("/sse?topics=%zz", "{}", "400", "bad_request", "percent"),
    ])
    func aBodyIsRefusedAsClearlyAsAQuery(
        path: String, content: String, status: String, code: String, detail: String
    ) {
        let stage = FrontEndStage()
        let answer = stage.receive(post(path, content) + get("/healthz"))
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.contains("\"code\":\"\(code)\""))
        #expect(answer.contains(detail))
        // The connection is good for the next request.
        #expect(answer.hasSuffix("ok\n"))
    }

    @Test func aBodyIsRefusedBeforeItComes() {
        for (fields, status) in [
            ("Content-Length: 99999999", "413"),
            ("Content-Length: 2\r\nContent-Type: application/x-ndjson", "415"),
            ("Content-Length: 2\r\nContent-Type: text/html", "415"),
            ("Content-Length: 2\r\nContent-Encoding: gzip", "415"),
        ] {
            let stage = FrontEndStage()
            let answer = stage.receive("POST /sse HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(stage.connection.endReason == .refused)
        }
    }

    @Test func whoeverWaitsIsToldToSendTheBody() {
        let stage = FrontEndStage()
        let head = "QUERY /poll HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 16\r\n\r\n"
        #expect(stage.receive(head) == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(stage.receive(#"{"topics":["a"]}"#).contains("200 OK"))
    }

    @Test func whatIsKeptForAPeerIsGivenBack() throws {
        let stage = FrontEndStage()
        _ = stage.receive(get("/sse?topics=a"))
        let subscriber = try #require(stage.frontEnd.subscriber)
        stage.frontEnd.ended(stage.work)
        #expect(!stage.work.replica.contains(subscriber))
        #expect(stage.work.statistics[.eventStreams] == 0)
    }
}

extension FrontEndStage {
    func publish(_ topic: String, _ data: String) throws {
        var batch = UpdateBatch()
        try batch.append(topic: Array(topic.utf8).span, data: Array(data.utf8).span)
        try sequencer.publish(batch, time: clock.time, at: clock.now)
    }
}
