/// Values, listings and publishing over plain HTTP (docs/protocol.md, section 7).
import Testing

@Suite struct ValuesTests {
    private static let lines = ["Content-Type: application/x-ndjson"]

    @Test func aValueIsPutReadAndEnded() throws {
        let put = try HTTPProbe.ask("PUT", "/topics/values/a", body: #" {"p": 189.30, "n": 1e400} "#)
        #expect(put.status == 200)
        #expect(put.json.names == ["topic", "version", "time"])
        #expect(put.json["topic"].string == "values/a")
        let get = try HTTPProbe.ask("GET", "/topics/values/a")
        // The gateway does not read the numbers: the digits are those that were sent.
        #expect(get.text.contains(#""data":{"p": 189.30, "n": 1e400}}"#))
        let head = try HTTPProbe.ask("HEAD", "/topics/values/a")
        #expect(head.field("Content-Length") == "\(get.body.count)")
        let deleted = try HTTPProbe.ask("DELETE", "/topics/values/a")
        #expect(deleted.json.names == ["topic", "version", "time", "deleted"])
        #expect(deleted.json["version"].int == 2)
        for method in ["GET", "DELETE"] {
            let missing = try HTTPProbe.ask(method, "/topics/values/a")
            #expect(missing.status == 404)
            #expect(missing.code == "not_found")
        }
    }

    @Test func aNewlineInAValueBecomesASpace() throws {
        try HTTPProbe.put("values/line", "{\"a\":\r\n1,\n\"b\":\"x\\ny\"}")
        let text = try HTTPProbe.ask("GET", "/topics/values/line").text
        #expect(text.hasSuffix("}\n"))
        #expect(text.dropLast().allSatisfy { $0 != "\n" && $0 != "\r" && $0 != "\r\n" })
        #expect(JSON(text)["data"]["b"].string == "x\ny")
    }

    @Test func namesAreDecodedAndKept() throws {
        try HTTPProbe.put("values/%C3%A9%2Fd+e", "1")
        #expect(try HTTPProbe.ask("GET", "/topics/values/%C3%A9/d+e").json["topic"].string == "values/é/d+e")
        #expect(try HTTPProbe.ask("GET", "/topics?match=values/%C3%A9/d+e").json["updates"].list.count == 1)
    }

    @Test(arguments: [
        "", "a//b", "a/", "/a", "a/../b", "a/./b", "%2e%2e/x", "a/*", "a%20b", "a%2Cb", "a%00", "%FF",
    ])
    func aBadNameIsRefused(name: String) throws {
        let put = try HTTPProbe.ask("PUT", "/topics/\(name)", body: "1")
        #expect(put.status == 400)
        #expect(put.code == "invalid_topic")
    }

    @Test func aNameMayHave256Bytes() throws {
        let longest = String(repeating: "n", count: 256)
        #expect(try HTTPProbe.ask("PUT", "/topics/\(longest)", body: "1").status == 200)
        #expect(try HTTPProbe.ask("PUT", "/topics/\(longest)n", body: "1").code == "invalid_topic")
        try HTTPProbe.ask("DELETE", "/topics/\(longest)")
    }

    @Test func problemsSayWhatToDo() throws {
        let answer = try HTTPProbe.ask("PUT", "/topics/values/bad", body: "{")
        #expect(answer.status == 400)
        #expect(answer.reason == "Bad Request")
        #expect(answer.field("Content-Type") == "application/problem+json")
        #expect(answer.json.names == ["type", "title", "status", "detail", "code"])
        #expect(answer.json["type"].string == "about:blank")
        #expect(answer.json["title"].string == "Bad Request")
        #expect(answer.json["status"].int == 400)
        #expect(answer.code == "invalid_json")
    }

    @Test(arguments: ["", " ", "1 2", "{\"a\":1}}", "nul", "[1,]", "\u{FEFF}\u{FEFF}1", "1\u{FEFF}", "'a'"])
    func whatIsNoJSONIsRefused(body: String) throws {
        let answer = try HTTPProbe.ask("PUT", "/topics/values/nojson", body: body)
        #expect(answer.status == 400)
        #expect(answer.code == "invalid_json")
    }

    /// The connection stays open, so no close can end the wait.
    @Test func aZeroByteBodyIsAnsweredAtOnce() throws {
        let probe = try HTTPProbe()
        for target in ["/topics/values/empty", "/publish"] {
            try probe.send(target == "/publish" ? "POST" : "PUT", target, body: "")
            let answer = try probe.answer()
            #expect(answer.status == 400)
            #expect(answer.code == "invalid_json")
        }
        try probe.send("POST", "/publish", Self.lines, body: "")
        #expect(try probe.answer().json["accepted"].int == 0)
        try probe.send("POST", "/publish", ["Transfer-Encoding: chunked"])
        try probe.socket.send("0\r\n\r\n")
        #expect(try probe.answer().code == "invalid_json")
    }

    // MARK: Many at once

    @Test func anObjectAndAnArrayArePublished() throws {
        #expect(
            try HTTPProbe.ask("POST", "/publish", body: #"{"topic":"bulk/a","data":1}"#).json["accepted"].int
                == 1)
        let array =
            #"[{"topic":"bulk/a","data":2},{"data":null,"topic":"bulk/b"},{"topic":"bulk/a","deleted":true}]"#
        #expect(try HTTPProbe.ask("POST", "/publish", body: array).json["accepted"].int == 3)
        #expect(try HTTPProbe.ask("GET", "/topics/bulk/a").status == 404)
        #expect(try HTTPProbe.ask("GET", "/topics/bulk/b").json["data"].isNull)
        #expect(try HTTPProbe.ask("POST", "/publish", body: "[]").json["accepted"].int == 0)
    }

    static let refusedBodies = [
        #"[{"topic":"whole/a","data":1},{"topic":"whole//b","data":1}]"#,
        #"[{"topic":"whole/a","data":1},{"topic":"whole/b"}]"#,
        #"[{"topic":"whole/a","data":1},{"data":1}]"#,
        #"[{"topic":"whole/a","data":1},{"topic":"whole/b","data":1,"deleted":true}]"#,
        #"[{"topic":"whole/a","data":1},7]"#,
        #"[{"topic":"whole/a","data":1},{"topic":"whole/b","data":1}"#,
        #"[{"topic":"whole/a","data":1}] x"#,
        #"{"topic":"whole/a","data":1}{"topic":"whole/a","data":1}"#,
    ]

    @Test(arguments: refusedBodies) func aJSONBodyIsTakenWholeOrNotAtAll(body: String) throws {
        let answer = try HTTPProbe.ask("POST", "/publish", body: body)
        #expect(answer.status == 400)
        #expect(answer.json["accepted"].isAbsent)
        #expect(try HTTPProbe.ask("GET", "/topics/whole/a").status == 404)
    }

    @Test func linesAreTakenAsTheyArrive() throws {
        let reader = try WebSocketProbe("topics=nd/*")
        _ = try reader.snapshot()
        let publisher = try HTTPProbe()
        try publisher.send("POST", "/publish", Self.lines + ["Transfer-Encoding: chunked"])
        for (number, piece) in [
            "{\"topic\":\"nd/a\",\"da", "ta\":1}\n", "{\"topic\":\"nd/b\",\"data\":2}\r\n\n",
        ].enumerated() {
            try publisher.socket.send(String(piece.utf8.count, radix: 16) + "\r\n\(piece)\r\n")
            if number > 0 { #expect(try reader.updates { _ in true }[0]["data"].int == number) }
        }
        // The last line needs no line feed.
        let last = #"{"topic":"nd/c","deleted":false,"data":3}"#
        try publisher.socket.send(
            String(last.utf8.count, radix: 16) + ";x=y\r\n\(last)\r\n0\r\nTrailer: x\r\n\r\n")
        #expect(try publisher.answer().json["accepted"].int == 3)
        #expect(try reader.updates { $0["topic"].string == "nd/c" }.last?["data"].int == 3)
    }

    @Test func aBadLineIsNamedAndThoseBeforeItStay() throws {
        let good = #"{"topic":"ndbad/a","data":1}"#
        for (lines, line, accepted) in [
            ([good, "", good, "{\"topic\":\"ndbad/b\"}", good], 4, 2),
            (["nonsense", good], 1, 0),
            ([good, good, "{\"topic\":\"ndbad/b\",\"data\":"], 3, 2),
            ([good, " ", "\t", "[\(good)]"], 4, 1),
        ] {
            let answer = try HTTPProbe.ask(
                "POST", "/publish", Self.lines, body: lines.joined(separator: "\n"))
            #expect(answer.status == 400)
            #expect(answer.json["line"].int == line)
            #expect(answer.json["accepted"].int == accepted)
        }
        #expect(try HTTPProbe.ask("GET", "/topics/ndbad/a").json["version"].int == 5)
        #expect(try HTTPProbe.ask("GET", "/topics/ndbad/b").status == 404)
    }

    @Test func linesBeyondTheTopicLimitAreNamedToo() throws {
        let gateway = try GatewayProcess(#""topics": { "limit": 3 }"#)
        let lines = ["a", "b", "a", "c", "d", "a"].map { "{\"topic\":\"\($0)\",\"data\":1}" }
        let answer = try HTTPProbe.ask(
            "POST", "/publish", Self.lines, body: lines.joined(separator: "\n"), on: gateway)
        #expect(answer.status == 429)
        #expect(answer.code == "too_many_topics")
        #expect(answer.json["line"].int == 5)
        #expect(answer.json["accepted"].int == 4)
        #expect(try HTTPProbe.ask("GET", "/topics/a", on: gateway).json["version"].int == 2)
        let whole = try HTTPProbe.ask(
            "POST", "/publish", body: #"[{"topic":"a","data":1},{"topic":"e","data":1}]"#, on: gateway)
        #expect(whole.status == 429)
        #expect(try HTTPProbe.ask("GET", "/topics/a", on: gateway).json["version"].int == 2)
    }

    @Test func aLineMayNotBeEndless() throws {
        let probe = try HTTPProbe()
        try probe.send("POST", "/publish", Self.lines + ["Content-Length: 200000"])
        _ = probe.socket.sendWithoutWaiting([UInt8](repeating: 0x20, count: 100_000))
        let answer = try probe.answer()
        #expect(answer.status == 413)
        #expect(answer.json["line"].int == 1)
    }

    // MARK: Listings

    @Test func topicsAreListedInOrderAndInPages() throws {
        let names = ["a", "a/b", "a/b/c", "a0", "Z", "é", "~", "b"].map { "list/\($0)" }
        for name in names {
            try HTTPProbe.ask("POST", "/publish", body: "{\"topic\":\"\(name)\",\"data\":1}")
        }
        try HTTPProbe.put("list/gone", "1")
        try HTTPProbe.ask("DELETE", "/topics/list/gone")
        let expected = names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
        var listed: [String] = []
        var after: String? = ""
        while let from = after {
            let next = from.isEmpty ? "" : "&after=" + from.replacing("é", with: "%C3%A9")
            let page = try HTTPProbe.ask("GET", "/topics?match=list/**&limit=3\(next)")
            #expect(page.status == 200)
            let topics = page.json["updates"].list.compactMap { $0["topic"].string }
            listed += topics
            after = page.json["next"].string
            #expect(after == nil || after == topics.last)
            #expect(topics.count <= 3)
        }
        #expect(listed == expected)
        #expect(try HTTPProbe.ask("GET", "/topics?match=list/*&limit=8").json["next"].isAbsent)
        #expect(try HTTPProbe.ask("GET", "/topics?match=list/a").json["updates"].list.count == 1)
        #expect(try HTTPProbe.ask("GET", "/topics?match=none/*").json.names == ["updates"])
    }

    @Test func aListingRefusesWhatItCannotMean() throws {
        for query in ["limit=0", "limit=10001", "limit=x", "match=a/**/b", "match="] {
            #expect(try HTTPProbe.ask("GET", "/topics?\(query)").status == 400, "\(query)")
        }
    }
}

/// Bodies of so many updates that they are read and published in turns of others.
@Suite struct LargeBodyTests {
    private func body(_ prefix: String, _ count: Int, value: String = "1") -> String {
        "[" + (0..<count).map { #"{"topic":"\#(prefix)/\#($0)","data":\#(value)}"# }.joined(separator: ",")
            + "]"
    }

    @Test func aLargeBodyIsTakenWholeAndAnsweredOnce() throws {
        let gateway = try GatewayProcess(#""threads": 1"#)
        let reader = try WebSocketProbe("topics=bulk/*", [], gateway)
        _ = try reader.snapshot()
        let publisher = try HTTPProbe(gateway)
        for round in 1...3 {
            try publisher.send("POST", "/publish", body: body("bulk", 20_000, value: "\(round)"))
            // Behind it on the same connection: it comes after it.
            try publisher.send("PUT", "/topics/bulk/19999", body: "\"last\"")
            #expect(try publisher.answer().json["accepted"].int == 20_000)
            #expect(try publisher.answer().json["version"].int == 2 * round)
            #expect(try HTTPProbe.ask("GET", "/topics/bulk/0", on: gateway).json["data"].int == round)
        }
        var versions: [String: Int] = [:]
        while versions["bulk/19999"] != 6 || versions["bulk/0"] != 3 {
            for update in try reader.next("updates")["updates"].list {
                let topic = try #require(update["topic"].string)
                let version = try #require(update["version"].int)
                #expect(version > versions[topic] ?? 0)
                versions[topic] = version
            }
        }
    }

    @Test func aLargeBodyWithAFaultAtItsEndIsRefusedWhole() throws {
        let gateway = try GatewayProcess(#""threads": 1, "topics": { "limit": 5000 }"#)
        let whole = body("fault", 4000)
        for (text, status, code) in [
            (whole.dropLast() + #",{"topic":"a//b","data":1}]"#, 400, "invalid_topic"),
            (whole.dropLast() + ",{]", 400, "invalid_json"), (whole + "]", 400, "invalid_json"),
            (body("fault", 5001), 429, "too_many_topics"),
        ] {
            let answer = try HTTPProbe.ask("POST", "/publish", body: String(text), on: gateway)
            #expect(answer.status == status && answer.json["code"].string == code)
            #expect(try HTTPProbe.ask("GET", "/stats", on: gateway).json["topics"].int == 0)
        }
        // What was set aside for refused and for accepted ones is given back.
        #expect(try HTTPProbe.ask("POST", "/publish", body: whole, on: gateway).status == 200)
        #expect(try HTTPProbe.ask("POST", "/publish", body: whole, on: gateway).status == 200)
        #expect(try HTTPProbe.ask("POST", "/publish", body: body("more", 1001), on: gateway).status == 429)
        #expect(try HTTPProbe.ask("POST", "/publish", body: body("more", 1000), on: gateway).status == 200)
    }

    @Test func aPublisherThatLeavesTakesNothingOfItBack() throws {
        let gateway = try GatewayProcess(#""threads": 1"#)
        for _ in 0..<5 {
            let text = body("left", 20_000)
            let publisher = try RawSocket(port: gateway.port)
            try publisher.send(HTTPProbe.request("POST", "/publish", body: text))
            publisher.endWriting()
            publisher.close()
        }
        // All or nothing of each: the number of updates is a multiple of the body's.
        _ = try eventually("all is published") {
            let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
            let isBusy = stats["memory"]["requests"].int ?? 0 > 0
            return stats["connections"]["open"].int == 1 && !isBusy ? true : nil
        }
        let published = try #require(
            try HTTPProbe.ask("GET", "/stats", on: gateway).json["updates"]["published"].int)
        #expect(published % 20_000 == 0)
    }
}
