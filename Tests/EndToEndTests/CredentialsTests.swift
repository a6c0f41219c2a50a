import Foundation
import Testing

/// Keys and tickets as an operator uses them, against the real gateway.
@Suite struct CredentialsTests {
    /// A key and its entry, as `tidegate key` prints them.
    private static func key(_ words: String) throws -> (key: String, entry: String) {
        let process = Process()
        process.executableURL = GatewayProcess.binary
        process.arguments = ["key"] + words.split(separator: " ").map(String.init)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n").map(String.init)
        try #require(process.terminationStatus == 0 && lines.count == 2, "\(text)")
        return (lines[0], lines[1])
    }

    private let desk: (key: String, entry: String)
    private let gateway: GatewayProcess

    init() throws {
        desk = try Self.key("desk --subscribe a/** --publish a/{subject}/* --grant inbox/** --operate")
        gateway = try GatewayProcess(
            #""threads": 2, "log": { "level": "debug" }, "operations": { "connections": "on" }, "access": { "anonymous": {}, "keys": [ \#(desk.entry) ] }"#
        )
    }

    private func ask(
        _ method: String, _ path: String, body: String? = nil, showing key: String? = nil
    ) throws -> HTTPAnswer {
        let probe = try HTTPProbe(gateway)
        let field = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        try probe.socket.send(
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(field)\(length)\r\n\(body ?? "")")
        return try probe.answer()
    }

    @Test func aKeyDoesWhatStandsBesideIt() throws {
        #expect(try ask("PUT", "/topics/a/desk/1", body: "1", showing: desk.key).status == 200)
        #expect(try ask("GET", "/topics/a/desk/1", showing: desk.key).status == 200)
        let refused = try ask("PUT", "/topics/a/other/1", body: "1", showing: desk.key)
        #expect(refused.status == 403 && refused.json["topics"].list.first?.string == "a/other/1")
        #expect(try ask("GET", "/topics/a/desk/1").status == 401)
        #expect(try ask("GET", "/topics/a/desk/1", showing: desk.key + "x").status == 401)
        #expect(try ask("GET", "/healthz").status == 200)
        // Tricks with names gain nothing: they are compared as they are, once decoded.
        for path in ["/topics/a/desk/1/", "/topics/a/desk%2F..%2Fx", "/topics/A/desk/1", "/topics/a/desk/*"] {
            #expect(
                [400, 403].contains(try ask("PUT", path, body: "1", showing: desk.key).status), "\(path)")
        }
    }

    @Test func aReaderIsEndedWhereverItIs() throws {
        let ticket = try #require(
            ask(
                "POST", "/tickets", body: #"{"subject":"ann","subscribe":["inbox/{subject}/*"]}"#,
                showing: desk.key
            )
            .json["ticket"].string)
        let reader = try HTTPProbe(gateway)
        try reader.socket.send(
            "GET /sse?topics=inbox/ann/*&ticket=\(ticket) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        _ = try reader.socket.take(through: "event: live")
        let rows = try ask("GET", "/connections", showing: desk.key).json["connections"].list
        #expect(rows.contains { $0["subject"].string == "ann" })
        let order = try ask("POST", "/operations/disconnect", body: #"{"key":"desk"}"#, showing: desk.key)
        #expect(order.status == 200 && order.json["disconnected"].int ?? 0 >= 1)
        _ = try reader.socket.take(through: "event: goodbye")
        #expect(try ask("POST", "/operations/disconnect", body: "{}", showing: desk.key).status == 400)
        #expect(try ask("POST", "/operations/disconnect", body: #"{"key":"desk"}"#).status == 401)
    }

    /// Whatever is asked, with whatever secret: none is in the log or on a page.
    @Test func noSecretIsEverSaid() throws {
        let ticket = try #require(ask("POST", "/tickets", body: "", showing: desk.key).json["ticket"].string)
        let wrong = "tg_WrongWrongWrongWrongWrongWrongWrongWrongWrong"
        let answers = try [
            ask("GET", "/sse?topics=b&ticket=\(ticket)"),
            ask("GET", "/poll?topics=a&wait=0&ticket=\(ticket)"),
            ask("GET", "/topics/b", showing: desk.key), ask("GET", "/topics/b", showing: wrong),
            ask("GET", "/topics/b?token=\(wrong)"), ask("GET", "/topics/b", showing: "e30.e30.\(wrong)"),
            ask("GET", "/connections", showing: desk.key), ask("GET", "/stats", showing: desk.key),
            ask("GET", "/metrics", showing: desk.key),
        ]
        let log = try #require(gateway.logLine(saying: "a credential was refused"))
        for secret in [desk.key, ticket, wrong, String(desk.entry.split(separator: ":")[3].prefix(40))] {
            for answer in answers { #expect(!answer.text.contains(secret)) }
            #expect(!log.contains(secret) && !gateway.logText.contains(secret))
        }
    }

    @Test(arguments: [
        (#""keys": [ { "name": "a", "hash": "md5:1" } ]"#, "access.keys.0.hash"),
        (#""keys": [ { "hash": "x" } ]"#, "access.keys.0.name"),
        (#""anonymous": { "subscribe": ["a//b"] }"#, "access.anonymous.subscribe"),
        (#""anonymous": { "subscribe": ["inbox/{subject}"] }"#, "access.anonymous.subscribe"),
        (#""anonymous": { "read": [] }"#, "access.anonymous.read: unknown key"),
        (#""tokens": { "issuers": [ { "algorithms": ["none"] } ] }"#, "\"none\" is none of"),
        (
            #""tokens": { "issuers": [ { "algorithms": ["HS256"], "secret": "in the file" } ] }"#,
            "it is not written here"
        ),
        (
            #""tokens": { "issuers": [ { "algorithms": ["HS256"], "secret": "env:TIDEGATE_S" } ] }"#,
            "would be taken for a setting"
        ),
        (
            #""tokens": { "issuers": [ { "algorithms": ["HS256"], "secret": "env:NOBODY_HAS_SET" } ] }"#,
            "the environment has no"
        ),
        (
            #""tokens": { "issuers": [ { "algorithms": ["RS256"], "keys": "http://x/jwks" } ] }"#,
            "access.tokens.issuers.0.keys"
        ),
        (
            #""tokens": { "issuers": [ { "algorithms": ["RS256"], "keys": "file:config.json" } ] }"#,
            "array \"keys\""
        ),
        (#""cookie": "c", "origins": ["*"]"#, "every page could use everybody's cookie"),
        (#""cookie": "a b""#, "can be no cookie's name"),
    ]) func aMistakeIsNamed(access: String, saying: String) {
        do {
            _ = try GatewayProcess(#""access": { \#(access) }"#)
            Issue.record("it started with \(access)")
        } catch {
            #expect("\(error)".contains(saying), "\(error)")
        }
    }
}
