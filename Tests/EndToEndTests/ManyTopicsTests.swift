/// As many topics as one may subscribe to, each by its name, on every transport.
import Foundation
import Testing

@Suite struct ManyTopicsTests {
    /// Some 400 KB of names: far more than a URL, and than one WebSocket message.
    private static let names = (0..<10_000).map { "many/a-topic-of-which-there-are-ten-thousand/\($0)" }
    private static let chosen = [0, 4_999, 9_999].map { names[$0] }

    private func tail(_ transport: String, _ words: [String], on gateway: GatewayProcess) throws -> [JSON] {
        let done = try StartTests.run(
            GatewayProcess.binary.path,
            ["tail", "--url", "http://127.0.0.1:\(gateway.port)", "--transport", transport, "--json"] + words
                + Self.names)
        #expect(done.status == 0, "\(done.errors)")
        return done.output.split(separator: "\n").map { JSON(String($0)) }
    }

    @Test(arguments: ["ws", "sse", "poll"]) func tailFollowsThemAll(transport: String) throws {
        let gateway = try GatewayProcess()
        for name in Self.chosen { try HTTPProbe.put(name, "1", on: gateway) }
        let snapshot = try tail(transport, ["--count", "3"], on: gateway)
        #expect(Set(snapshot.map { $0["topic"].string }) == Set(Self.chosen))
        // It resumes with all of them.
        let cursor = try Transport.poll.read("many/**", on: gateway).cursor
        for name in Self.chosen.dropFirst() { try HTTPProbe.put(name, "2", on: gateway) }
        let changed = try tail(transport, ["--cursor", cursor, "--count", "2"], on: gateway)
        #expect(Set(changed.map { $0["topic"].string }) == Set(Self.chosen.dropFirst()))
        #expect(changed.allSatisfy { $0["version"].int == 2 })
    }

    @Test func oneMoreIsRefusedOnEachTransport() throws {
        let names = (Self.names + ["many/one-more"]).map { "\"\($0)\"" }.joined(separator: ",")
        for path in ["/sse", "/poll"] {
            for method in ["POST", "QUERY"] {
                let answer = try HTTPProbe.ask(method, path, body: "{\"topics\":[\(names)]}")
                #expect(answer.status == 400 && answer.code == "too_many_topics")
            }
        }
        let refused = try StartTests.run(
            GatewayProcess.binary.path,
            ["tail", "--url", "http://127.0.0.1:\(GatewayProcess.shared.port)", "many/one-more"] + Self.names)
        #expect(refused.status == 1 && refused.errors.contains("too_many_topics"))
    }

    @Test func theWelcomeTellsTheLimits() throws {
        let gateway = try GatewayProcess(#""subscribers": { "messageBytes": 4096, "subscriptions": 20000 }"#)
        let limits = try WebSocketProbe("", [], gateway).next("welcome")["limits"]
        #expect(limits["messageBytes"].int == 4096 && limits["subscriptions"].int == 20000)
        // The client's messages are no larger.
        try HTTPProbe.put(Self.chosen[2], "1", on: gateway)
        #expect(try tail("ws", ["--count", "1"], on: gateway).map { $0["topic"].string } == [Self.chosen[2]])
    }

    @Test func aURLThatIsTooLongSaysWhatToDo() throws {
        let answer = try HTTPProbe.ask("GET", "/poll?topics=" + Self.names.prefix(600).joined(separator: ","))
        #expect(answer.status == 414 && answer.json["detail"].string?.contains("POST") == true)
    }
}
