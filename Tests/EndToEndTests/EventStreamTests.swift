/// Server-Sent Events over the wire (docs/protocol.md, section 5).
import Testing

@Suite struct EventStreamTests {
    @Test func theStreamIsSpelledAsPromised() throws {
        try HTTPProbe.put("sse/a", #"{"price":1}"#)
        try HTTPProbe.put("sse/b", "[1,\n2]")
        let probe = try EventStreamProbe("topics=sse/a,sse/*")
        #expect(probe.head.field("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(probe.head.field("Cache-Control") == "no-store, no-transform")
        #expect(probe.head.field("X-Accel-Buffering") == "no")
        #expect(probe.head.field("Content-Length") == nil)
        let snapshot = try [probe.next("message"), probe.next("message")]
        #expect(snapshot[0].comments == ["tidegate"])
        #expect((1000...3000).contains(snapshot[0].retry ?? 0))
        #expect(snapshot[1].comments.isEmpty && snapshot[1].retry == nil)
        #expect(snapshot[0].id == nil)
        #expect(snapshot[1].id != nil)
        #expect(snapshot.map { $0.json["topic"].string }.contains("sse/b"))
        let live = try probe.nextBlock()
        #expect(live?.type == "live")
        #expect(live?.json["resumed"].bool == false)
        #expect(live?.id != nil)
        try HTTPProbe.put("sse/a", "2")
        let update = try probe.nextBlock()
        #expect(update?.json["data"].int == 2)
        #expect(update?.id != nil)
    }

    @Test func lastEventIDResumesAndTheHeaderWins() throws {
        try HTTPProbe.put("sseid/a", "1")
        let id = try #require(try EventStreamProbe("topics=sseid/a").snapshot().live.id)
        try HTTPProbe.put("sseid/a", "2")
        for probe in [
            try EventStreamProbe("topics=sseid/a", ["Last-Event-ID: \(id)"]),
            try EventStreamProbe("topics=sseid/a&lastEventId=\(id)"),
            try EventStreamProbe("topics=sseid/a&cursor=\(id)"),
            try EventStreamProbe("topics=sseid/a&lastEventId=nonsense", ["Last-Event-ID: \(id)"]),
        ] {
            let snapshot = try probe.snapshot()
            #expect(snapshot.live.json["resumed"].bool == true)
            #expect(snapshot.updates.map { $0["version"].int } == [2])
        }
        let reset = try EventStreamProbe("topics=sseid/a&cursor=\(id)", ["Last-Event-ID: nonsense"])
        #expect(try reset.next("reset").data != nil)
    }

    @Test func topicMayBeRepeatedAndTopicsListed() throws {
        for name in ["a", "b", "c"] { try HTTPProbe.put("sselist/\(name)", "1") }
        let probe = try EventStreamProbe("topic=sselist/a&topics=sselist/b,sselist%2Fc")
        #expect(try probe.snapshot().updates.count == 3)
    }

    @Test func aReaderThatAskedHearsHeartbeats() throws {
        let beat = try EventStreamProbe("topics=sse/silent&heartbeat=1").next("heartbeat")
        #expect(beat.json["time"].int ?? 0 > 1_600_000_000_000)
        #expect(beat.id != nil)
    }

    @Test func silenceIsFilledWithCommentsAlone() throws {
        let gateway = try GatewayProcess(#""subscribers": { "eventStreamHeartbeat": 0.1 }"#)
        let probe = try EventStreamProbe("topics=here/*", [], gateway)
        let live = try probe.snapshot().live
        for _ in 0..<2 { #expect(try probe.nextLine() == ": still here") }
        try HTTPProbe.put("elsewhere/x", "1", on: gateway)
        for _ in 0..<2 { #expect(try probe.nextLine() == ": still here") }
        // The next event moves the cursor on.
        try HTTPProbe.put("here/x", "1", on: gateway)
        let update = try probe.next("message")
        #expect(update.id != nil && update.id != live.id)
    }

    /// Whatever a stream begins with stands in the block of its first event, the delay included.
    @Test(arguments: [("", "live"), ("&cursor=nonsense", "reset")])
    func theFirstBlockHasTheDelayAndData(query: String, type: String) throws {
        let first = try #require(try EventStreamProbe("topics=ssefirst/none" + query).nextBlock())
        #expect(first.type == type && first.comments == ["tidegate"])
        #expect((1000...3000).contains(first.retry ?? 0))
    }

    @Test func toHTTP10TheStreamIsDelimitedByItsEnd() throws {
        try HTTPProbe.put("sse10/a", "1")
        let probe = try EventStreamProbe("topics=sse10/a", [], version: "HTTP/1.0")
        #expect(probe.head.field("Transfer-Encoding") == nil)
        #expect(probe.head.closes)
        #expect(try probe.snapshot().updates.count == 1)
    }

    @Test func aHalfClosedReaderReadsOn() throws {
        let probe = try EventStreamProbe("topics=ssehalf/a")
        _ = try probe.snapshot()
        probe.http.socket.endWriting()
        try HTTPProbe.put("ssehalf/a", "1")
        #expect(try probe.updates { _ in true }.count == 1)
    }

    @Test func aRefusalIsAPlainAnswer() throws {
        let none = try HTTPProbe.ask("GET", "/sse")
        #expect(none.status == 400)
        #expect(none.field("Content-Type") == "application/problem+json")
        let bad = try HTTPProbe.ask("GET", "/sse?topics=a,,b")
        #expect(bad.code == "invalid_topic")
        #expect(try HTTPProbe.ask("GET", "/sse?topics=%zz").status == 400)
    }

    @Test func aHeadRequestGetsTheHead() throws {
        let answer = try HTTPProbe.ask("HEAD", "/sse?topics=a")
        #expect(answer.status == 200)
        #expect(answer.field("Content-Type") == "text/event-stream; charset=utf-8")
    }
}
