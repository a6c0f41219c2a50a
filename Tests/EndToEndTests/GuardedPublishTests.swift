/// Publishing that can be repeated, and updates that count only while their topics are as they say (docs/protocol.md, section 7).
import Testing

@Suite(.serialized) struct GuardedPublishTests {
    /// One gateway that numbers what comes at once, and one that writes it into a journal before.
    static let gateways = [
        GatewayProcess.shared,
        GatewayProcess.started(#""threads": 2, "storage": { "folder": "data", "sync": "never" }"#),
    ]
    private static let lines = ["Content-Type: application/x-ndjson"]

    private func ask(
        _ gateway: GatewayProcess, _ method: String, _ target: String, _ fields: [String] = [],
        body: String? = nil
    ) throws -> HTTPAnswer {
        try HTTPProbe.ask(method, target, fields, body: body, on: gateway)
    }

    // MARK: Keys

    @Test(arguments: gateways) func theSameKeyGetsTheSameAnswer(gateway: GatewayProcess) throws {
        let key = ["Idempotency-Key: 6ba7b810-9dad-11d1-80b4-00c04fd430c8"]
        let first = try ask(gateway, "PUT", "/topics/once/a", key, body: "1")
        _ = try ask(gateway, "PUT", "/topics/once/a", body: "2")
        for quoted in [key, ["Idempotency-Key: \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\""]] {
            let again = try ask(gateway, "PUT", "/topics/once/a", quoted, body: "1")
            #expect(again.status == 200 && again.text == first.text)
        }
        #expect(try ask(gateway, "GET", "/topics/once/a").json["version"].int == 2)
        let other = try ask(gateway, "PUT", "/topics/once/a", key, body: "3")
        #expect(other.status == 422 && other.code == "bad_request")
        let ended = try ask(gateway, "DELETE", "/topics/once/a", ["Idempotency-Key: d"])
        #expect(try ask(gateway, "DELETE", "/topics/once/a", ["Idempotency-Key: d"]).text == ended.text)
        #expect(try ask(gateway, "DELETE", "/topics/once/a").status == 404)
    }

    @Test(arguments: gateways) func manyUpdatesComeOnce(gateway: GatewayProcess) throws {
        for count in [1, 100, 5000] {
            let body =
                "["
                + (0..<count).map { #"{"topic":"once/many/\#($0)","data":1}"# }
                .joined(separator: ",") + "]"
            for _ in 0..<2 {
                let answer = try ask(
                    gateway, "POST", "/publish", ["Idempotency-Key: many-\(count)"], body: body)
                #expect(answer.status == 200 && answer.json["accepted"].int == count)
            }
        }
        #expect(try ask(gateway, "GET", "/topics/once/many/0").json["version"].int == 3)
        #expect(try ask(gateway, "GET", "/topics/once/many/4999").json["version"].int == 1)
    }

    /// It goes on behind what it has published, whatever was between its lines.
    @Test(arguments: gateways) func aStreamOfLinesGoesOn(gateway: GatewayProcess) throws {
        let key = Self.lines + ["Idempotency-Key: stream"]
        func send(_ text: String) throws -> HTTPAnswer {
            try ask(gateway, "POST", "/publish", key, body: text)
        }
        let line = { (number: Int) in "{\"topic\":\"once/lines\",\"data\":\(number)}\n" }
        #expect(try send(line(1) + line(2)).json["accepted"].int == 2)
        #expect(try send("\n" + line(1) + "\n\n" + line(2) + line(3)).json["accepted"].int == 3)
        #expect(try ask(gateway, "GET", "/topics/once/lines").json["version"].int == 3)
        #expect(try send(line(1)).json["accepted"].int == 1)
        let other = try send(line(1) + line(2) + line(9) + line(4))
        #expect(other.status == 422)
        #expect(try ask(gateway, "GET", "/topics/once/lines").json["version"].int == 3)
    }

    @Test(arguments: gateways) func aMessageUnderAKeyIsPublishedOnce(gateway: GatewayProcess) throws {
        let socket = try WebSocketProbe("", [], gateway)
        _ = try socket.next()
        func send(_ id: Int, _ data: Int, _ more: String = "") throws -> JSON {
            try socket.send(
                #"{"type":"publish","id":\#(id),"key":"k","updates":[{"topic":"once/ws","data":\#(data)\#(more)}]}"#
            )
            return try socket.next()
        }
        for id in 1...2 {
            let answer = try send(id, 1)
            #expect(answer["type"].string == "published" && answer["accepted"].int == 1)
        }
        #expect(try ask(gateway, "GET", "/topics/once/ws").json["version"].int == 1)
        let other = try send(3, 2)
        #expect(other["type"].string == "error" && other["code"].string == "bad_request")
        try socket.send(#"{"type":"publish","id":4,"updates":[{"topic":"once/ws","data":2,"ifVersion":7}]}"#)
        let conflict = try socket.next()
        #expect(
            conflict["code"].string == "conflict" && conflict["version"].int == 1 && conflict["id"].int == 4)
        try socket.send(#"{"type":"publish","id":5,"key":"","updates":[{"topic":"once/ws","data":2}]}"#)
        #expect(try socket.next()["code"].string == "bad_request")
        try socket.send(#"{"type":"publish","id":6,"key":6,"updates":[{"topic":"once/ws","data":2}]}"#)
        #expect(try socket.next()["code"].string == "bad_request")
        #expect(try ask(gateway, "GET", "/topics/once/ws").json["version"].int == 1)
    }

    @Test(arguments: ["", String(repeating: "k", count: 256)]) func aKeyHasALength(key: String) throws {
        let answer = try HTTPProbe.ask("PUT", "/topics/once/b", ["Idempotency-Key: \(key)"], body: "1")
        #expect(answer.status == 400 && answer.json["detail"].string?.contains("255") == true)
    }

    @Test func aRequestHasOneKey() throws {
        let answer = try HTTPProbe.ask(
            "PUT", "/topics/once/b", ["Idempotency-Key: a", "Idempotency-Key: b"], body: "1")
        #expect(answer.status == 400)
    }

    // MARK: Conditions

    @Test(arguments: gateways) func aValueIsReplacedOnlyAsItIsKnown(gateway: GatewayProcess) throws {
        func put(_ field: String, _ data: String) throws -> HTTPAnswer {
            try ask(gateway, "PUT", "/topics/cond/a", [field], body: data)
        }
        let missing = try put("If-Match: *", "1")
        #expect(missing.status == 412 && missing.code == "conflict" && missing.json["version"].int == 0)
        #expect(try put("If-None-Match: *", "1").json["version"].int == 1)
        #expect(try put("If-None-Match: *", "2").json["version"].int == 1)
        let read = try ask(gateway, "GET", "/topics/cond/a")
        #expect(read.field("ETag") == "\"1\"")
        #expect(try put("If-Match: \"7\"", "2").status == 412)
        // As a proxy that compresses gives it on.
        for (number, tag) in ["\"1\"", "W/\"2\"", "\"3-gzip\"", "*"].enumerated() {
            #expect(try put("If-Match: \(tag)", "2").json["version"].int == number + 2)
        }
        for tag in ["\"abc\"", "\"0\"", "\"99999999999999999999\"", "\"05x\""] {
            #expect(try put("If-Match: \(tag)", "2").status == 412)
        }
        for field in ["If-Match: \"1\", \"2\"", "If-None-Match: \"5\""] {
            #expect(try put(field, "2").status == 400)
        }
        #expect(try ask(gateway, "DELETE", "/topics/cond/a", ["If-Match: \"4\""]).status == 412)
        #expect(try ask(gateway, "DELETE", "/topics/cond/a", ["If-Match: \"5\""]).json["version"].int == 6)
        #expect(try ask(gateway, "DELETE", "/topics/cond/a", ["If-Match: \"6\""]).status == 412)
        #expect(try put("If-None-Match: *", "1").json["version"].int == 7)
    }

    @Test func whatIsKnownIsNotSentAgain() throws {
        try HTTPProbe.put("cond/known", "1")
        for (tag, status) in [
            ("\"1\"", 304), ("W/\"1-gzip\"", 304), ("*", 304), ("\"2\"", 200), ("\"11\"", 200),
        ] {
            let answer = try HTTPProbe.ask("GET", "/topics/cond/known", ["If-None-Match: \(tag)"])
            #expect(answer.status == status && answer.field("ETag") == "\"1\"", "\(tag)")
            #expect(answer.body.isEmpty == (status == 304))
        }
        #expect(try HTTPProbe.ask("HEAD", "/topics/cond/known").field("ETag") == "\"1\"")
        #expect(try HTTPProbe.ask("GET", "/topics/cond/unknown", ["If-None-Match: *"]).status == 404)
    }

    @Test(arguments: gateways) func manyCountTogetherOrNotAtAll(gateway: GatewayProcess) throws {
        func publish(_ body: String, _ fields: [String] = []) throws -> HTTPAnswer {
            try ask(gateway, "POST", "/publish", fields, body: body)
        }
        _ = try publish(#"[{"topic":"cond/x","data":1,"ifVersion":0},{"topic":"cond/y","data":1}]"#)
        let refused = try publish(
            #"[{"topic":"cond/z","data":1},{"topic":"cond/x","deleted":true,"ifVersion":2}]"#)
        #expect(refused.status == 412 && refused.json["version"].int == 1 && refused.json["index"].int == 1)
        #expect(try ask(gateway, "GET", "/topics/cond/z").status == 404)
        for value in ["-1", "1.5", "\"1\"", "null", "[]"] {
            #expect(try publish(#"{"topic":"cond/x","data":1,"ifVersion":\#(value)}"#).status == 400)
        }
        #expect(try publish(#"{"topic":"cond/x","data":1}"#, ["If-Match: \"1\""]).status == 400)
        let many = (0..<513).map { #"{"topic":"cond/m/\#($0)","data":1,"ifVersion":0}"# }
        #expect(try publish("[" + many.joined(separator: ",") + "]").status == 400)
        let accepted = try publish("[" + many.dropLast().joined(separator: ",") + "]")
        #expect(accepted.json["accepted"].int == 512)
    }

    /// What comes behind a line in conflict is not published, however much of it is on its way.
    @Test(arguments: gateways) func aStreamEndsAtItsConflict(gateway: GatewayProcess) throws {
        var text = (1...30).map { "{\"topic\":\"cond/l\",\"data\":\($0)}\n" }.joined()
        text += "\n{\"topic\":\"cond/l\",\"data\":31,\"ifVersion\":30}\n"
        text += "{\"topic\":\"cond/l\",\"data\":32,\"ifVersion\":30}\n"
        text += (33...60).map { "{\"topic\":\"cond/l\",\"data\":\($0)}\n" }.joined()
        let answer = try ask(gateway, "POST", "/publish", Self.lines, body: text)
        #expect(answer.status == 412 && answer.code == "conflict" && answer.json["version"].int == 31)
        #expect(answer.json["line"].int == 33 && answer.json["accepted"].int == 31)
        #expect(try ask(gateway, "GET", "/topics/cond/l").json["version"].int == 31)
    }
}
