/// Settings that change while the real gateway runs.
import Foundation
import TestSupport
import Testing

@Suite struct ReloadTests {
    private let operatorKey: TestKey
    private let reader: TestKey
    private let gateway: GatewayProcess

    init() throws {
        operatorKey = try TestKey("operator")
        reader = try TestKey("reader")
        gateway = try GatewayProcess(
            Self.members([
                operatorKey.may(#""operate": true, "publish": ["**"], "subscribe": ["**"]"#),
                reader.may(#""subscribe": ["a/*", "b/*"]"#),
            ]))
    }

    private static func members(_ keys: [String], _ more: String = "") -> String {
        #""threads": 2, "drain": { "spread": 0 }, "access": { "anonymous": {}, "keys": [ \#(keys.joined(separator: ", ")) ] }\#(more)"#
    }

    /// What the reader may from now on, nil: its key is gone.
    private func write(_ rights: String?, _ more: String = "") throws {
        let keys = [operatorKey.may(#""operate": true, "publish": ["**"], "subscribe": ["**"]"#)]
        try gateway.write(Self.members(keys + (rights.map { [reader.may($0)] } ?? []), more))
    }

    private func reload() throws -> HTTPAnswer {
        try ask("POST", "/operations/reload", operatorKey, body: "")
    }

    private func ask(_ method: String, _ path: String, _ key: TestKey, body: String? = nil) throws
        -> HTTPAnswer
    {
        let probe = try HTTPProbe(gateway)
        try probe.send(method, path, [key.field], body: body)
        return try probe.answer()
    }

    private func publish(_ topic: String, _ value: Int) throws {
        #expect(try ask("PUT", "/topics/\(topic)", operatorKey, body: "\(value)").status == 200)
    }

    private func metric(_ name: String) throws -> Int {
        let page = try ask("GET", "/metrics", operatorKey).text
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    private func stream(_ topics: String, _ key: TestKey) throws -> HTTPProbe {
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/sse?topics=\(topics)", [key.field])
        _ = try probe.socket.take(through: "event: live")
        return probe
    }

    // MARK: Who goes, and who stays

    @Test func aKeyThatIsGoneEndsWhatItCarried() throws {
        let gone = try WebSocketProbe("topics=a/*", [reader.field], gateway)
        let stays = try WebSocketProbe("topics=a/*", [operatorKey.field], gateway)
        _ = try gone.snapshot()
        _ = try stays.snapshot()
        let stream = try stream("a/*", reader)
        let waiting = try HTTPProbe(gateway)
        let cursor = try #require(ask("GET", "/poll?topics=a/*&wait=0", reader).json["cursor"].string)
        try waiting.send("GET", "/poll?topics=a/*&wait=50&cursor=\(cursor)", [reader.field])
        _ = try eventually("the poll waits") {
            try metric(#"tidegate_connections{transport="poll"}"#) > 0 ? true : nil
        }

        try write(nil)
        gateway.signal(SIGHUP)
        #expect(try gone.next("error")["code"].string == "unauthenticated")
        #expect(try gone.nextClose().closeCode == 1008)
        _ = try stream.socket.take(through: "event: goodbye")
        #expect(try waiting.answer().status == 401)
        let line = try #require(gateway.logLine(saying: "the settings were read anew"))
        #expect(JSON(line)["changed"].string == "access.keys")
        try publish("a/x", 7)
        #expect(try stays.updates { _ in true }.first?["data"].int == 7)
        #expect(try ask("GET", "/topics/a/x", reader).status == 401)
    }

    @Test func rightsThatShrinkTakeWhatTheyDoNotCover() throws {
        let socket = try WebSocketProbe("topics=a/*,b/*", [reader.field], gateway)
        _ = try socket.snapshot()
        let (narrow, wide) = (try stream("a/*", reader), try stream("a/*,b/*", reader))
        try write(#""subscribe": ["a/*"]"#)
        #expect(try reload().json["changed"].list.map(\.string) == ["access.keys"])
        let told = try socket.next("unsubscribed")
        #expect(told["code"].string == "forbidden" && told["topics"].list.map(\.string) == ["b/*"])
        _ = try wide.socket.take(through: "event: goodbye")
        try publish("b/x", 1)
        try publish("a/x", 2)
        #expect(try socket.updates { _ in true }.map { $0["topic"].string } == ["a/x"])
        let text = String(decoding: try narrow.socket.take(through: "\"data\":2"), as: UTF8.self)
        #expect(text.contains("a/x") && !text.contains("goodbye"))
    }

    @Test func aTicketGoesWithItsMaker() throws {
        let ticket = try #require(ask("POST", "/tickets", reader, body: "").json["ticket"].string)
        try write(nil)
        #expect(try reload().status == 200)
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/sse?topics=a/*&ticket=\(ticket)")
        #expect(try probe.head().status == 401)
    }

    /// Each update of a log comes, in order, whatever is reloaded meanwhile.
    @Test func manyReloadsLoseNobody() throws {
        let socket = try WebSocketProbe("topics=a/*", [reader.field], gateway)
        _ = try socket.snapshot()
        for round in 1...40 {
            try write(round % 2 == 0 ? #""subscribe": ["a/*"]"# : #""subscribe": ["a/*", "c/\#(round)"]"#)
            gateway.signal(SIGHUP)
            #expect(try reload().status == 200)
            try publish("a/x", round)
            #expect(try socket.updates { $0["data"].int == round }.count == 1)
        }
        #expect(try metric(#"tidegate_reloads_total{result="taken"}"#) >= 40)
    }

    // MARK: What is taken, and what is not

    @Test func aBadFileChangesNothing() throws {
        let socket = try WebSocketProbe("topics=a/*", [reader.field], gateway)
        _ = try socket.snapshot()
        try write(nil, #", "prot": 1"#)
        let refused = try reload()
        #expect(
            refused.status == 400 && refused.json["detail"].string?.contains("Did you mean \"port\"?") == true
        )
        let line = try #require(gateway.logLine(saying: "the settings were refused"))
        #expect(JSON(line)["reason"].string == refused.json["detail"].string)
        #expect(try metric(#"tidegate_reloads_total{result="refused"}"#) == 1)
        #expect(try ask("GET", "/readyz", reader).status == 200)
        try publish("a/x", 3)
        #expect(try socket.updates { _ in true }.first?["data"].int == 3)
    }

    @Test func saysWhatNeedsARestart() throws {
        try write(
            #""subscribe": ["a/*", "b/*"]"#, #", "log": { "level": "debug" }, "topics": { "limit": 9 }"#)
        for changed in [["log.level"], []] {
            let answer = try reload()
            #expect(answer.json["changed"].list.map(\.string) == changed)
            #expect(answer.json["restart"].list.map(\.string) == ["topics.limit"])
            #expect(answer.json["unchanged"].int ?? 0 > 40)
        }
        #expect(try ask("GET", "/topics/fx/x", reader).status == 403)
        #expect(gateway.logLine(saying: #""event":"refused""#) != nil)
    }

    /// Limits and times are read at each use: whoever is connected already meets the new ones.
    @Test func limitsCountForThoseWhoAreThere() throws {
        let socket = try WebSocketProbe("topics=a/x", [reader.field], gateway)
        _ = try socket.snapshot()
        try write(
            #""subscribe": ["a/*", "b/*"]"#,
            #", "subscribers": { "subscriptions": 1 }, "publishers": { "valueBytes": 64 }, "#
                + #""memory": { "clientBytes": 123456789 }, "http": { "idleTimeout": 70 }"#)
        let changed = try reload().json["changed"].list.map(\.string)
        #expect(
            changed == [
                "http.idleTimeout", "memory.clientBytes", "publishers.valueBytes",
                "subscribers.subscriptions",
            ])
        let answer = try socket.ask(1, #"{"type":"subscribe","id":1,"topics":["b/x"]}"#)
        #expect(answer["code"].string == "too_many_topics")
        let value = String(repeating: "1", count: 65)
        #expect(try ask("PUT", "/topics/a/x", operatorKey, body: value).status == 413)
        #expect(try ask("GET", "/stats", operatorKey).json["memory"]["limit"].int == 123_456_788)
    }

    @Test func aWatchedFileIsReadByItself() throws {
        let gateway = try GatewayProcess(#""watch": true, "access": { "anonymous": { "subscribe": ["a"] } }"#)
        #expect(try HTTPProbe.ask("GET", "/topics/b", on: gateway).status == 403)
        try gateway.write(#""watch": true, "access": { "anonymous": { "subscribe": ["b"] } }"#)
        _ = try eventually("the file is read") { () -> Bool? in
            try HTTPProbe.ask("GET", "/topics/b", on: gateway).status == 404 ? true : nil
        }
        // A bad file changes nothing, and is read again when it has changed again.
        try gateway.write(#""watch": true, "access": { "anonymous": { "subscribe": ["c" } }"#)
        #expect(gateway.logLine(saying: "the settings were refused") != nil)
        try gateway.write(#""watch": true, "access": { "anonymous": { "subscribe": ["d"] } }"#)
        _ = try eventually("the file is read") { () -> Bool? in
            try HTTPProbe.ask("GET", "/topics/d", on: gateway).status == 404 ? true : nil
        }
    }

    @Test func whatAReloadWouldDoIsToldBeforehand() throws {
        let file = gateway.folder.appendingPathComponent("new.json")
        func check(_ members: String) throws -> (status: Int32, output: String, errors: String) {
            try Data("{\(members)}".utf8).write(to: file)
            return try StartTests.run(
                GatewayProcess.binary.path,
                [
                    "check", "--config", file.path, "--against", "http://127.0.0.1:\(gateway.port)", "--port",
                    "0", "--log-format", "json",
                ], environment: ["TIDEGATE_KEY": operatorKey.text])
        }
        let same = Self.members([
            operatorKey.may(#""operate": true, "publish": ["**"], "subscribe": ["**"]"#),
            reader.may(#""subscribe": ["a/*", "b/*"]"#),
        ])
        let unchanged = try check(same)
        #expect(unchanged.status == 0)
        #expect(unchanged.output.hasSuffix("Feeds: none.\nnothing would change\n"), "\(unchanged)")
        // Another key of the same name, and what takes a restart.
        let other = try TestKey("reader")
        let changed = try check(
            Self.members(
                [
                    operatorKey.may(#""operate": true, "publish": ["**"], "subscribe": ["**"]"#),
                    other.may(#""subscribe": ["a/*", "b/*"]"#),
                ], #", "topics": { "limit": 9 }"#))
        #expect(
            changed.output.hasSuffix("would change     access.keys\nneeds a restart  topics.limit\n"),
            "\(changed)")
        #expect(try check("\"topics\": 5").status == 1)
        // The settings themselves, and without what is nobody's business.
        #expect(try ask("GET", "/operations/settings", reader).status == 403)
        let shown = try ask("GET", "/operations/settings", operatorKey)
        #expect(
            shown.status == 200
                && shown.text.contains(#"{"path":"access.keys.0.hash","key":"access.keys","value":"…""#))
        #expect(!shown.text.contains("sha256"))
    }

    @Test func takesTheRightToOperate() throws {
        #expect(try ask("POST", "/operations/reload", reader, body: "").status == 403)
        #expect(try ask("GET", "/operations/reload", operatorKey).status == 405)
        #expect(try ask("POST", "/operations/reload", operatorKey, body: "{}").status == 400)
    }

    @Test func aCertificateAndAKeyInOneReload() throws {
        let authority = TestAuthority.shared
        let (first, second) = (try authority.issue(), try authority.issue(for: ["DNS:second.example"]))
        let secure =
            #", "endpoints": [{ "tls": { "certificate": "\#(first.certificate)", "key": "\#(first.key)" } }]"#
        let gateway = try GatewayProcess(Self.members([operatorKey.may(#""operate": true"#)], secure))
        for (file, place) in [(second.certificate, first.certificate), (second.key, first.key)] {
            try Data(contentsOf: URL(fileURLWithPath: file)).write(
                to: URL(fileURLWithPath: place), options: .atomic)
        }
        try gateway.write(
            Self.members([operatorKey.may(#""operate": true"#), reader.may(#""operate": true"#)], secure))
        gateway.signal(SIGHUP)
        #expect(gateway.logLine(saying: "changed certificates were taken") != nil)
        let line = try #require(gateway.logLine(saying: "the settings were read anew"))
        #expect(
            JSON(line)["changed"].string
                == "access.keys endpoints.0.tls.certificate endpoints.0.tls.key")
        let page = try eventually("the loops have both") {
            let outcome = try StartTests.run(
                "/usr/bin/env",
                [
                    "curl", "-sS", "--max-time", "20", "--cacert", authority.file, "-H", reader.field, "-H",
                    "Host: localhost",
                    "--connect-to", "second.example::127.0.0.1:\(gateway.port)",
                    "https://second.example:\(gateway.port)/stats",
                ])
            return outcome.output.contains("uptime") ? outcome.output : nil
        }
        #expect(!page.isEmpty)
    }

    // MARK: Commands

    @Test func theCommandTellsTheSame() throws {
        func run() throws -> (status: Int32, output: String, errors: String) {
            try StartTests.run(
                GatewayProcess.binary.path, ["reload", "--url", "http://127.0.0.1:\(gateway.port)"],
                environment: ["TIDEGATE_KEY": operatorKey.text])
        }
        #expect(try run().output == "nothing has changed\n")
        try write(nil, #", "topics": { "limit": 9 }"#)
        #expect(try run().output == "changed          access.keys\nneeds a restart  topics.limit\n")
        try write(nil, #", "topics": { "limit": 0 }"#)
        let refused = try run()
        #expect(refused.status == 1 && refused.errors.contains("topics.limit"))
    }

    @Test func theEffectiveSettingsAreShownWithoutSecrets() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
        defer { unlink(file.path) }
        let entry = reader.may(#""subscribe": ["a/*"]"#)
        try Data(#"{"threads": 3, "access": { "keys": [ \#(entry) ] }}"#.utf8).write(to: file)
        let outcome = try StartTests.run(
            GatewayProcess.binary.path, ["config", "--config", file.path, "--set", "port=81"],
            environment: ["TIDEGATE_LOG_LEVEL": "debug"])
        let lines = outcome.output.split(separator: "\n").map(String.init)
        for expected in [
            "threads = 3  \(file.path):1", "port = 81  --set", "host = \"127.0.0.1\"  default",
            "log.level = \"debug\"  the environment's TIDEGATE_LOG_LEVEL",
            "access.keys.0.subscribe = [\"a/*\"]  \(file.path):1",
            "access.keys.0.hash = \"…\"  \(file.path):1",
        ] { #expect(lines.contains(expected), "\(expected) in \(outcome.output)") }
        #expect(!outcome.output.contains("sha256"))
    }
}
