/// Text of programs that write a byte-order mark first: one is passed over, wherever a text begins (RFC 8259 §8.1).
import Foundation
import Testing

@Suite struct ByteOrderMarkTests {
    private static let mark = "\u{FEFF}"
    private static let lines = ["Content-Type: application/x-ndjson"]

    @Test func aBodyMayBeginWithOne() throws {
        #expect(try HTTPProbe.ask("PUT", "/topics/mark/a", body: Self.mark + "1.50").status == 200)
        #expect(try HTTPProbe.ask("GET", "/topics/mark/a").text.contains(#""data":1.50}"#))
        for body in [#"{"topic":"mark/b","data":1}"#, #" [{"topic":"mark/b","data":1}]"#] {
            let answer = try HTTPProbe.ask("POST", "/publish", body: Self.mark + body)
            #expect(answer.json["accepted"].int == 1)
        }
    }

    /// The mark's three bytes come in two chunks, too.
    @Test(arguments: 0...4) func linesMayBeginWithOneHoweverItIsCut(place: Int) throws {
        let line = #"{"topic":"mark/c","data":1}"#
        let body = Array("\(Self.mark)\(line)\n\(line)".utf8)
        let publisher = try HTTPProbe()
        try publisher.send("POST", "/publish", Self.lines + ["Transfer-Encoding: chunked"])
        for piece in [body[..<place], body[place...]] where !piece.isEmpty {
            try publisher.socket.send(
                Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
        }
        try publisher.socket.send("0\r\n\r\n")
        #expect(try publisher.answer().json["accepted"].int == 2)
    }

    @Test(arguments: [
        (mark + mark + #"{"topic":"mark/d","data":1}"#, 1, 0),
        (#"{"topic":"mark/d","data":1}"# + "\n" + mark + #"{"topic":"mark/d","data":1}"#, 2, 1),
        ("\n" + mark + #"{"topic":"mark/d","data":1}"#, 2, 0),
    ]) func elsewhereItIsNoJSON(body: String, line: Int, accepted: Int) throws {
        let answer = try HTTPProbe.ask("POST", "/publish", Self.lines, body: body)
        #expect(answer.code == "invalid_json")
        #expect(answer.json["line"].int == line && answer.json["accepted"].int == accepted)
    }

    @Test func inAStringItIsData() throws {
        try HTTPProbe.put("mark/e", "\"\(Self.mark)x\"")
        #expect(try HTTPProbe.ask("GET", "/topics/mark/e").text.contains("\"data\":\"\(Self.mark)x\"}"))
    }

    @Test func aMessageMayBeginWithOne() throws {
        let client = try WebSocketProbe()
        _ = try client.next("welcome")
        try client.send(Self.mark + #"{"type":"publish","id":1,"updates":[{"topic":"mark/f","data":1}]}"#)
        let answer = try client.next()
        #expect(answer["type"].string == "published" && answer["accepted"].int == 1)
        try client.send(Self.mark + Self.mark + #"{"type":"ping","id":2}"#)
        #expect(try client.next()["code"].string == "invalid_json")
    }

    @Test func theSettingsMayBeginWithOne() throws {
        #expect(try StartTests.check(Self.mark + #"{"publicFolder": ""}"#).status == 0)
        let twice = try StartTests.check(Self.mark + Self.mark + "{}")
        #expect(twice.status == 1 && twice.errors.contains("line 1, column 1"))
    }

    // MARK: The command

    private func publish(_ source: String, _ words: String = "") throws -> (
        status: Int32, output: String, errors: String
    ) {
        let url = "http://127.0.0.1:\(GatewayProcess.shared.port)"
        let command = "exec \(GatewayProcess.binary.path) publish --url \(url) \(words)"
        return try StartTests.run("/bin/sh", ["-c", source.isEmpty ? command : "\(source) | (\(command))"])
    }

    /// `\357\273\277` is the mark; a program may write it for itself.
    @Test(arguments: [
        #"printf '\357\273\277{"topic":"mark/g","data":1}\n'"#,
        // Byte by byte.
        #"printf '\357\273\277{"topic":"mark/g","data":1}' | dd bs=1 status=none"#,
    ]) func thePublishCommandPassesOverOne(source: String) throws {
        let published = try publish(source)
        #expect(published.output == "{\"accepted\":1}\n", "\(published.errors)")
    }

    @Test func anEmptySourceIsNothing() throws {
        #expect(try publish(#"printf ''"#).output == "{\"accepted\":0}\n")
        #expect(try publish(#"printf '\357\273\277'"#).output == "{\"accepted\":0}\n")
        let cut = try publish(#"printf '\357\273'"#)
        #expect(cut.status == 1 && cut.errors.contains("UTF-8"))
    }

    @Test func aValueMayBeginWithOne() throws {
        let published = try publish("", "mark/h '\(Self.mark){\"a\":1}'")
        #expect(JSON(published.output)["version"].int == 1, "\(published.errors)")
    }
}
