/// Long polling over the wire (docs/protocol.md, section 6).
import Foundation
import Testing

@Suite struct LongPollTests {
    @Test func withoutACursorTheSnapshotComesAtOnce() throws {
        try HTTPProbe.put("poll/a", "1")
        let answer = try HTTPProbe.ask("GET", "/poll?topics=poll/a")
        #expect(answer.status == 200)
        #expect(answer.field("Content-Type") == "application/json")
        #expect(answer.json.names == ["cursor", "updates"])
        #expect(answer.field("ETag") == answer.json["cursor"].string.map { "\"\($0)\"" })
        #expect(answer.json["updates"][0]["version"].int == 1)
    }

    @Test func aWaitingPollIsAnsweredByTheNextChange() throws {
        try HTTPProbe.put("pollwait/a", "1")
        let cursor = try Transport.poll.read("pollwait/**").cursor
        let waiting = try HTTPProbe()
        try waiting.send("GET", "/poll?topics=pollwait/**&cursor=\(cursor)&wait=60")
        try untilPollsWait(1, "pollwait")
        try HTTPProbe.put("pollwait/b/c", "5")
        let answer = try waiting.answer()
        #expect(answer.json["updates"].list.map { $0["topic"].string } == ["pollwait/b/c"])
        // The connection stays open.
        try waiting.send("GET", "/poll?topics=pollwait/a&wait=0")
        #expect(try waiting.answer().json["updates"].list.count == 1)
    }

    /// A waiting poll sends nothing, so this waits until the metrics count it.
    private func untilPollsWait(_ count: Int, _ name: String) throws {
        _ = try eventually("a poll waits: \(name)") {
            let page = try HTTPProbe.ask("GET", "/metrics").text
            let line = page.split(separator: "\n").first {
                $0.hasPrefix("tidegate_connections{transport=\"poll\"}")
            }
            return (line?.split(separator: " ").last.flatMap { Int($0) } ?? 0) >= count ? true : nil
        }
    }

    @Test func aTimeoutIsEmptyAndMovesTheCursor() throws {
        let cursor = try Transport.poll.read("polltime/a").cursor
        try HTTPProbe.put("polltime-elsewhere/x", "1")
        let answer = try HTTPProbe.ask("GET", "/poll?topics=polltime/a&cursor=\(cursor)&wait=1")
        #expect(answer.status == 200)
        #expect(answer.json["updates"].list.isEmpty)
        #expect(answer.json["cursor"].string != cursor)
    }

    @Test func aTagTakesTheCursorsPlace() throws {
        try HTTPProbe.put("polltag/a", "1")
        let tag = try #require(try HTTPProbe.ask("GET", "/poll?topics=polltag/a").field("ETag"))
        let unchanged = try HTTPProbe.ask("GET", "/poll?topics=polltag/a&wait=0", ["If-None-Match: \(tag)"])
        #expect(unchanged.status == 304)
        #expect(unchanged.body.isEmpty)
        let newTag = try #require(unchanged.field("ETag"))
        try HTTPProbe.put("polltag/a", "2")
        for tag in [newTag, "W/\(newTag)"] {
            let changed = try HTTPProbe.ask("GET", "/poll?topics=polltag/a&wait=0", ["If-None-Match: \(tag)"])
            #expect(changed.status == 200)
            #expect(changed.json["updates"][0]["version"].int == 2)
        }
        let reset = try HTTPProbe.ask("GET", "/poll?topics=polltag/a&wait=0", ["If-None-Match: \"x-1\""])
        #expect(reset.json["reset"].bool == true)
    }

    /// Proxies make a tag weak or append a mark to it, caches hold several (RFC 9110 §13.1.2).
    @Test(arguments: [
        #"W/"CURSOR""#, #""CURSOR-gzip""#, #""CURSOR;gzip""#, #""CURSOR-br""#, #""CURSOR--gzip""#,
        #"W/"CURSOR-zstd""#, #""CURSOR"-gzip"#, #""other", "CURSOR""#, #""x-1", W/"CURSOR;gzip", "y""#,
        "CURSOR", #""CURSORgzip""#,
        "\"other\"\r\nIf-None-Match: \"CURSOR-gzip-gzip\"",
    ])
    func aTagThatWasChangedOnItsWayIsTheCursor(form: String) throws {
        let topic = "polltags/\(form.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF_FFFF })"
        let path = "/poll?topics=\(topic)/*&wait=0"
        for name in ["a", "b"] { try HTTPProbe.put("\(topic)/\(name)", "1") }
        let cursor = try #require(try HTTPProbe.ask("GET", path).json["cursor"].string)
        let field = "If-None-Match: " + form.replacingOccurrences(of: "CURSOR", with: cursor)
        #expect(try HTTPProbe.ask("GET", path, [field]).status == 304)
        try HTTPProbe.put("\(topic)/a", "2")
        let changed = try HTTPProbe.ask("GET", path, [field])
        #expect(changed.json.names == ["cursor", "updates"])
        #expect(changed.json["updates"].list.map { $0["version"].int } == [2])
    }

    /// Its holder is answered like one without a cursor: with the snapshot, of which nothing is a reset.
    @Test(arguments: ["*", #""other""#, #"W/"0123abcd", "x""#, #""""#, "\"open", #""-gzip""#])
    func aTagThatIsNoneOfOursIsNoCursor(field: String) throws {
        try HTTPProbe.put("pollforeign/a", "1")
        let answer = try HTTPProbe.ask("GET", "/poll?topics=pollforeign/a", ["If-None-Match: \(field)"])
        #expect(answer.status == 200)
        #expect(answer.json.names == ["cursor", "updates"])
        #expect(answer.json["updates"].list.count == 1)
    }

    @Test func preferIsReadWhereTheQueryIsSilent() throws {
        let cursor = try Transport.poll.read("pollprefer/a").cursor
        let path = "/poll?topics=pollprefer/a&cursor=\(cursor)"
        #expect(
            try HTTPProbe.ask("GET", path, ["Prefer: respond-async, wait=0"]).json["updates"].list.isEmpty)
        #expect(try HTTPProbe.ask("GET", path + "&wait=0", ["Prefer: wait=60"]).json["updates"].list.isEmpty)
    }

    @Test(arguments: ["wait=61", "wait=-1", "wait=x", "wait=1.5"]) func waitHasARange(parameter: String)
        throws
    {
        let answer = try HTTPProbe.ask("GET", "/poll?topics=a&\(parameter)")
        #expect(answer.status == 400)
        #expect(answer.json["detail"].string?.contains("0 to 60") == true)
    }

    @Test func whatIsPipelinedBehindAPollComesAfterIt() throws {
        let cursor = try Transport.poll.read("pollpipe/a").cursor
        let probe = try HTTPProbe()
        try probe.socket.send(
            HTTPProbe.request("GET", "/poll?topics=pollpipe/a&cursor=\(cursor)&wait=60")
                + HTTPProbe.request("GET", "/healthz"))
        try untilPollsWait(1, "pollpipe")
        try HTTPProbe.put("pollpipe/a", "1")
        #expect(try probe.answer().json["updates"].list.count == 1)
        #expect(try probe.answer().text == "ok\n")
    }

    /// Bytes that look like the poll's body must not become the next request.
    @Test func aPollWithABodyIsRefused() throws {
        let cursor = try Transport.poll.read("pollbody/a").cursor
        let probe = try HTTPProbe()
        let smuggled = HTTPProbe.request("PUT", "/topics/pollbody/smuggled", body: "1")
        try probe.send("GET", "/poll?topics=pollbody/a&cursor=\(cursor)&wait=1", body: smuggled)
        #expect(try probe.answer().status == 400)
        #expect(try probe.socket.takeAll().isEmpty)
        #expect(try HTTPProbe.ask("GET", "/topics/pollbody/smuggled").status == 404)
    }

    @Test func aHalfClosedPollerGetsItsAnswer() throws {
        let cursor = try Transport.poll.read("pollhalf/a").cursor
        let probe = try HTTPProbe()
        try probe.send("GET", "/poll?topics=pollhalf/a&cursor=\(cursor)&wait=60")
        probe.socket.endWriting()
        try untilPollsWait(1, "pollhalf")
        try HTTPProbe.put("pollhalf/a", "1")
        #expect(try probe.answer().json["updates"].list.count == 1)
        #expect(try probe.socket.takeAll().isEmpty)
    }

    /// The update and the time-out come in one turn of the loop: the answer's cursor must not cover the update it
    /// leaves out.
    @Test func anUpdateInTheTurnOfTheTimeoutIsNotLost() throws {
        let gateway = try GatewayProcess(#""threads": 1, "publishers": { "bodyBytes": 8388608 }"#)
        let count = 150
        let cursor = try Transport.poll.read("race/**", on: gateway).cursor
        // The last byte of this request makes the loop work for long; deadlines pass meanwhile.
        let noise = (0..<40_000).map { "{\"topic\":\"noise/\($0 % 9)\",\"data\":0}" }.joined(separator: ",")
        let busy = try HTTPProbe(gateway)
        let long = Array(HTTPProbe.request("POST", "/publish", body: "[\(noise)]").utf8)
        try busy.socket.send(Array(long.dropLast()))
        let polls = try (0..<count).map { _ in try HTTPProbe(gateway) }
        let start = Date()
        for (number, probe) in polls.enumerated() {
            try probe.send("GET", "/poll?topics=race/\(number)&cursor=\(cursor)&wait=1")
        }
        // All deadlines pass while the loop works. A request that publishes arrives too, so the next turn has the
        // updates before it looks at the deadlines.
        let updates = (0..<count).map { "{\"topic\":\"race/\($0)\",\"data\":1}" }.joined(separator: ",")
        let publisher = try HTTPProbe(gateway)
        _ = try eventually("the deadlines are near") { Date().timeIntervalSince(start) > 0.95 ? true : nil }
        try busy.socket.send(Array(long.suffix(1)))
        _ = try eventually("the loop is at work") { Date().timeIntervalSince(start) > 0.98 ? true : nil }
        try publisher.socket.send(
            HTTPProbe.request("POST", "/publish", body: "[\(updates)]")
                + HTTPProbe.request("GET", "/topics/race/0"))
        #expect(try publisher.answer().json["accepted"].int == count)
        for (number, poll) in polls.enumerated() {
            var answer = try poll.answer().json
            if answer["updates"].list.isEmpty {
                let next = try #require(answer["cursor"].string)
                answer = try HTTPProbe.ask(
                    "GET", "/poll?topics=race/\(number)&cursor=\(next)&wait=0", on: gateway
                ).json
            }
            #expect(answer["updates"].list.count == 1, "race/\(number)")
        }
    }
}
