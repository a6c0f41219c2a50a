import Broker
import HTTP
import Primitives
import Synchronization
import Testing

@testable import Gateway

/// The front end by itself: bytes in, bytes and wishes out.
@Suite struct HTTP1FrontEndTests {
    /// A proxy may change our tags so that we do not know them again. Its client must not ask without end.
    @Test(arguments: ["\"foreign\"", "*", "W/\"0-x\", \"y\""])
    func aPollerWithAForeignTagIsAnsweredOnceASecond(tag: String) {
        let stage = FrontEndStage()
        func poll(_ wait: String = "") -> String {
            stage.receive("GET /poll?topics=a\(wait) HTTP/1.1\r\nHost: x\r\nIf-None-Match: \(tag)\r\n\r\n")
        }
        for _ in 0..<2 {
            #expect(poll().isEmpty)
            #expect(stage.flush().isEmpty)
            #expect(stage.pass(.milliseconds(999)).isEmpty)
            #expect(stage.pass(.milliseconds(1)).hasPrefix("HTTP/1.1 200"))
        }
        // Who does not want to wait is answered.
        #expect(poll("&wait=0").hasPrefix("HTTP/1.1 200"))
        // A gateway that drains does not let anybody wait either.
        #expect(poll().isEmpty)
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        #expect(stage.said().hasPrefix("HTTP/1.1 200"))
    }

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
        #expect(stage.frontEnd.isReading && stage.frontEnd.reader?.id == nil)
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

    // MARK: Sent away

    private func draining(endingIn rest: Duration) -> FrontEndStage {
        let stage = FrontEndStage { $0.drain.reconnectSpread = .seconds(5) }
        stage.beginDrain(endingIn: rest)
        return stage
    }

    /// What a stream that ends at once says: `retry:` and the goodbye's data agree.
    private func farewell(_ answer: String) throws -> (reason: String, delay: Int) {
        let form =
            /retry: (\d+)\nevent: goodbye\ndata: {"reason":"(\w+)","reconnectAfter":(\d+)}\n\n/
        let found = try #require(answer.firstMatch(of: form)).output
        #expect(found.1 == found.3 && answer.hasSuffix(found.0))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Type: text/event-stream; charset=utf-8\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        return (String(found.2), try #require(Int(found.1)))
    }

    /// To an `EventSource` any other status is the end for good.
    @Test func aStreamThatComesDuringADrainIsToldWhenToComeBack() throws {
        for request in [get("/sse?topics=a"), post("/sse", #"{"topics":["a"],"cursor":"e-1"}"#)] {
            let stage = draining(endingIn: .seconds(7))
            let (reason, delay) = try farewell(stage.receive(request))
            #expect(reason == "draining" && (8000...13_000).contains(delay))
            #expect(stage.connection.endReason == .finished && stage.work.statistics[.eventStreams] == 0)
        }
        // Each at a time of its own: a tenth of them in each half of a second, give or take a third.
        let stage = draining(endingIn: .seconds(7))
        let delays = try (0..<2000).map { _ in try farewell(stage.receive(get("/sse?topics=a"))).delay }
        let slots = Dictionary(grouping: delays) { $0 / 500 }
        #expect((16..<26).allSatisfy { (130...270).contains(slots[$0]?.count ?? 0) })
        // What is asked for in the wrong way is refused as ever.
        #expect(draining(endingIn: .zero).receive(get("/sse")).hasPrefix("HTTP/1.1 400 "))
    }

    /// A loop that was not told yet of the drain counts from now.
    @Test func nobodyIsToldToComeBackBeforeTheDrainHasEnded() throws {
        let stage = FrontEndStage { $0.drain.deadline = .seconds(20) }
        stage.work.shared.drain.begin()
        let early = try farewell(stage.receive(get("/sse?topics=a"))).delay
        #expect((21_000...26_000).contains(early))
        let late = try farewell(draining(endingIn: .zero).receive(get("/sse?topics=a"))).delay
        #expect((1000...6000).contains(late))
        let stream = FrontEndStage()
        _ = stream.receive(get("/sse?topics=a"))
        stream.beginDrain(endingIn: .seconds(9))
        stream.frontEnd.sayGoodbye(stream.connection, stream.work)
        let told = try #require(stream.said().firstMatch(of: /"reconnectAfter":(\d+)/)).output.1
        #expect((10_000...15_000).contains(Int(told) ?? 0))
    }

    private func retryAfter(_ answer: String) -> Int? {
        answer.firstMatch(of: /Retry-After: (\d+)\r\n/).flatMap { Int($0.output.1) }
    }

    @Test func aPollerIsToldToWaitWhereItShould() throws {
        let stage = FrontEndStage()
        // With something new it asks again at once.
        try stage.publish("a", "1")
        let first = stage.receive(get("/poll?topics=a"))
        #expect(retryAfter(first) == nil)
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        #expect(retryAfter(stage.receive(get("/poll?topics=a&wait=0&cursor=\(cursor)"))) == 1)
        let tagged = get("/poll?topics=a&wait=0", "If-None-Match: \"\(cursor)\"\r\n")
        #expect(retryAfter(stage.receive(tagged)) == 1)
        // Having waited it asks again at once.
        _ = stage.receive(get("/poll?topics=a&wait=3&cursor=\(cursor)"))
        let quiet = stage.pass(.seconds(3))
        #expect(quiet.contains(#""updates":[]"#) && retryAfter(quiet) == nil)
        // A drain sends it away, whatever is new.
        _ = stage.receive(get("/poll?topics=b&wait=3&cursor=\(cursor)"))
        stage.beginDrain(endingIn: .milliseconds(6500))
        stage.frontEnd.sayGoodbye(stage.connection, stage.work)
        #expect((8...13).contains(retryAfter(stage.said()) ?? 0))
        #expect((8...13).contains(retryAfter(stage.receive(get("/poll?topics=a"))) ?? 0))
    }

    // MARK: No room

    private var surplus: FrontEndStage {
        let stage = FrontEndStage()
        stage.connection.surplus = .memory
        return stage
    }

    @Test func whoFindsNoRoomIsToldSoOnce() throws {
        let stream = surplus
        let (reason, delay) = try farewell(stream.receive(get("/sse?topics=a")))
        #expect(reason == "overloaded" && (1000...6000).contains(delay))
        #expect(stream.connection.endReason == .refused && stream.work.statistics[.eventStreams] == 0)
        // Whatever says what it wants, and whether or not that has come.
        for body in [#"{"topics":["a"]}"#, ""] {
            let asked = surplus
            let head = "POST /sse HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n"
            #expect(try farewell(asked.receive(head + body)).reason == "overloaded")
            #expect(asked.connection.endReason == .refused)
        }
        for request in [get("/poll?topics=a"), get("/healthz"), get("/ws"), post("/publish", "[]")] {
            let stage = surplus
            let answer = stage.receive(request)
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains(#""code":"overloaded""#))
            #expect((1...6).contains(retryAfter(answer) ?? 0) && answer.contains("Connection: close\r\n"))
            #expect(stage.connection.endReason == .refused)
        }
    }

    @Test func whereMemoryIsShortAStreamIsToldWhenToComeBack() throws {
        let stage = FrontEndStage()
        stage.work.memory.limit = -1
        #expect(stage.receive(get("/poll?topics=a")).hasPrefix("HTTP/1.1 503 "))
        let answer = stage.receive(get("/sse?topics=a"))
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.firstMatch(of: /retry: \d+\nevent: goodbye\ndata: {"reason":"overloaded",/) != nil)
        // So is one whose body can't be held.
        let body = #"{"topics":["a"],"later":""# + String(repeating: "x", count: 5000)
        let head = "POST /sse HTTP/1.1\r\nHost: x\r\nContent-Length: 6000\r\n\r\n"
        #expect(try farewell(stage.receive(head + body)).reason == "overloaded")
        #expect(stage.connection.endReason == .refused)
    }

    @Test func whoFindsNoRoomAndSaysNothingIsEndedSoon() {
        let stage = surplus
        #expect(stage.pass(.milliseconds(9999)).isEmpty && stage.work.actions.end == nil)
        #expect(stage.pass(.milliseconds(1)).isEmpty && stage.work.actions.end == .timeout)
    }

    @Test func whatIsKeptForAPeerIsGivenBack() throws {
        let stage = FrontEndStage()
        _ = stage.receive(get("/sse?topics=a"))
        let subscriber = try #require(stage.frontEnd.reader?.id)
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
