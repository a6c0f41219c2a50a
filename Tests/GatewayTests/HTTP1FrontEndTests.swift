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
