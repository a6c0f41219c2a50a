import Foundation
import TestSupport
import Testing

/// What strangers try at the edge, and what it costs the others: nothing.
@Suite struct AttackTests {
    // MARK: Handshakes

    private func secureGateway(_ members: String = "") throws -> GatewayProcess {
        let pair = try TestAuthority.shared.issue()
        return try GatewayProcess(
            #""threads": 2, "endpoints": [{ "tls": { "certificate": "\#(pair.certificate)", "key": "\#(pair.key)" } }, { "redirect": false }]\#(members)"#
        )
    }

    /// Where TLS is spoken; the last endpoint, in the clear, tells the figures.
    private func securePort(_ gateway: GatewayProcess) throws -> UInt16 {
        let line = try #require(gateway.logLine(saying: "listening"))
        let addresses = try #require(JSON(line)["address"].string).split(separator: " ")
        return try #require(addresses[0].split(separator: ":").last.flatMap { UInt16($0) })
    }

    private func figure(_ gateway: GatewayProcess, _ name: String) throws -> Int {
        let lines = try HTTPProbe.ask("GET", "/metrics", on: gateway).text.split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("\(name) ") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    private func isServed(_ port: UInt16) throws -> Bool {
        let words = ["curl", "-sS", "--max-time", "60", "--cacert", TestAuthority.shared.file]
        return try StartTests.run("/usr/bin/env", words + ["https://localhost:\(port)/healthz"]).output
            == "ok\n"
    }

    /// The beginning of a ClientHello (RFC 8446 §4.1.2) whose record says that 512 bytes come.
    private static let halfHello: [UInt8] =
        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + Array(repeating: 7, count: 100)

    /// Handshakes that have begun and never end take all places, and give them up for others; those who wait are in the kernel.
    @Test func halfOpenHandshakesKeepNobodyOut() throws {
        let gateway = try secureGateway(#", "tls": { "handshakes": 64, "handshakeTimeout": 86400 }"#)
        let port = try securePort(gateway)
        let halves = try (0..<300).map { _ in
            let socket = try RawSocket(port: port)
            try socket.send(Self.halfHello)
            return socket
        }
        #expect(try isServed(port))
        #expect(try figure(gateway, "tidegate_tls_handshakes_open") <= 2 * 64)
        #expect(try figure(gateway, #"tidegate_tls_handshake_failures_total{reason="timeout"}"#) > 0)
        withExtendedLifetime(halves) {}
    }

    /// Records that carry nothing are refused before there are many; ten thousand of them take no time of others.
    @Test func emptyRecordsEndAHandshake() throws {
        let gateway = try secureGateway(#", "tls": { "handshakeTimeout": 86400 }"#)
        let port = try securePort(gateway)
        let socket = try RawSocket(port: port)
        let records = (0..<10_000).flatMap { _ in [0x16, 0x03, 0x01, 0x00, 0x00] as [UInt8] }
        _ = socket.sendWithoutWaiting(records)
        // An alert at most, and the end.
        #expect(try socket.takeAll().count <= 7)
        #expect(try figure(gateway, #"tidegate_tls_handshake_failures_total{reason="malformed"}"#) == 1)
        #expect(try isServed(port))
    }

    // MARK: Credentials

    private func guarded(_ key: TestKey) throws -> GatewayProcess {
        let entry = key.may(#""subscribe": ["a/*"], "publish": ["a/*"]"#)
        return try GatewayProcess(
            #""threads": 2, "access": { "anonymous": {}, "failures": 0, "keys": [ \#(entry) ] }"#)
    }

    /// The handshake, a subscription, who it is, and the subscription again in one segment: what stands before is refused.
    @Test func nothingIsTakenBeforeItIsKnownWhoAsks() throws {
        let key = try TestKey("desk")
        let gateway = try guarded(key)
        let put = try HTTPProbe.ask("PUT", "/topics/a/1", [key.field], body: "7", on: gateway)
        #expect(put.status == 200)
        func frame(_ message: String) -> [UInt8] { WebSocketProbe.frame(1, Array(message.utf8)) }
        let probe = try HTTPProbe(gateway)
        try probe.socket.send(
            Array(HTTPProbe.request("GET", "/ws", WebSocketProbe.fields).utf8)
                + frame(#"{"type":"subscribe","id":1,"topics":["a/*"]}"#)
                + frame(#"{"type":"publish","id":2,"updates":[{"topic":"a/1","data":8}]}"#)
                + frame(#"{"type":"auth","id":3,"token":"\#(key.text)"}"#)
                + frame(#"{"type":"subscribe","id":4,"topics":["a/*"]}"#))
        #expect(try probe.head().status == 101)
        var told: [String] = []
        var value: Int?
        while value == nil {
            let count = Int(try probe.socket.take(exactly: 2)[1])
            let long =
                count == 126 ? try probe.socket.take(exactly: 2).reduce(0) { $0 << 8 | Int($1) } : count
            let message = JSON(try probe.socket.take(exactly: long))
            told.append("\(message["type"].string ?? "") \(message["code"].string ?? "")")
            value = message["updates"].list.first?["data"].int
        }
        #expect(
            told.filter { !$0.hasPrefix("welcome") } == [
                "error unauthenticated", "error unauthenticated", "authenticated ", "subscribed ", "updates ",
            ])
        #expect(value == 7)
    }

    /// Two connections, at two loops or one, show the same ticket at once: one of them is let in, whichever it is.
    @Test func aTicketIsGoodForOneOfTwo() throws {
        let key = try TestKey("desk")
        let gateway = try guarded(key)
        for _ in 0..<25 {
            let made = try HTTPProbe.ask("POST", "/tickets", [key.field], body: "", on: gateway)
            let ticket = try #require(made.json["ticket"].string)
            let both = [try HTTPProbe(gateway), try HTTPProbe(gateway)]
            for probe in both { try probe.send("GET", "/poll?topics=a/1&wait=0&ticket=\(ticket)") }
            #expect(try both.map { try $0.answer().status }.sorted() == [200, 401])
        }
    }
}
