/// Issuers whose keys the real gateway fetches.
import Foundation
import TestSupport
import Testing

@Suite struct KeySetTests {
    private let former = TokenMaker(.ed25519)
    private let latter = TokenMaker(.ed25519)
    private let server: FileServer

    init() throws {
        server = try FileServer()
    }

    private func members(_ more: String = "", _ url: String? = nil, _ members: String = "") -> String {
        #"""
        "threads": 2, "drain": { "spread": 0 }, "access": { "anonymous": {}, "failures": 0, "tokens": { "issuers": [
            { "issuer": "id", "algorithms": ["EdDSA"], "keys": "\#(url ?? server.url)"\#(more) }\#(members)
        ] } }
        """#
    }

    private var trusting: String { #", "ca": "\#(TestAuthority.shared.file)""# }

    private func set(_ makers: (TokenMaker, String)...) -> String {
        #"{"keys":[\#(makers.map { $0.jwk($1) }.joined(separator: ","))]}"#
    }

    private func token(_ maker: TokenMaker, _ key: String, issuer: String = "id") -> String {
        maker.token(
            "EdDSA",
            #"{"iss":"\#(issuer)","sub":"ann","exp":4102444800,"tidegate":{"subscribe":["a/*"],"operate":true}}"#,
            header: #""kid":"\#(key)""#)
    }

    private func ask(_ gateway: GatewayProcess, _ token: String, _ path: String = "/topics?match=a/*") throws
        -> HTTPAnswer
    {
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", path, ["Authorization: Bearer \(token)"])
        return try probe.answer()
    }

    /// The status once it is not 503: the keys are there.
    private func status(_ gateway: GatewayProcess, _ token: String) throws -> Int {
        try eventually("the keys are fetched") {
            let status = try ask(gateway, token).status
            return status == 503 ? nil : status
        }
    }

    @Test func keysTurnOver() throws {
        try server.write(set((former, "1")))
        try server.start()
        let gateway = try GatewayProcess(members(trusting))
        #expect(try status(gateway, token(former, "1")) == 200)
        let line = try #require(gateway.logLine(saying: "an issuer's keys were fetched"))
        #expect(JSON(line)["url"].string == server.url && JSON(line)["keys"].int == 1)
        let field = { (token: String) in ["Authorization: Bearer \(token)"] }
        let goes = try WebSocketProbe("topics=a/*", field(token(former, "1")), gateway)
        _ = try goes.snapshot()
        // Another key is looked for where somebody shows it, and the token is not refused meanwhile.
        try server.write(set((latter, "2")))
        let first = try ask(gateway, token(latter, "2"))
        #expect(first.status == 503 && first.code == "overloaded" && first.field("Retry-After") != nil)
        #expect(try status(gateway, token(latter, "2")) == 200)
        // What the former has signed ends.
        #expect(try goes.next("error")["code"].string == "unauthenticated")
        #expect(try goes.nextClose().closeCode == 1008)
        let stays = try WebSocketProbe("topics=a/*", field(token(latter, "2")), gateway)
        _ = try stays.snapshot()
        // Within a minute nobody has it looked for again.
        try server.write(set((former, "3"), (latter, "2")))
        for _ in 0..<3 { #expect(try ask(gateway, token(former, "3")).status == 401) }
        // Whoever changes the settings does.
        gateway.signal(SIGHUP)
        _ = try eventually("the set is read anew") {
            try ask(gateway, token(former, "3")).status == 200 ? true : nil
        }
        try stays.send(#"{"type":"ping","id":1}"#)
        #expect(try stays.next("pong")["id"].int == 1)
    }

    @Test func oneThatIsAwayComesLater() throws {
        // It has a port, and listens there no more.
        try server.write(set((former, "1")))
        try server.start()
        server.stop()
        let gateway = try GatewayProcess(members(trusting))
        #expect(try ask(gateway, token(former, "1")).status == 503)
        let line = try #require(gateway.logLine(saying: "an issuer's keys could not be fetched"))
        #expect(JSON(line)["reason"].string?.contains("cannot connect") ?? false)
        #expect(try ask(gateway, "nothing").status == 401)
        try server.start()
        #expect(try status(gateway, token(former, "1")) == 200)
        let page = try ask(gateway, token(former, "1"), "/metrics").text
        #expect(page.contains(#"tidegate_key_set_fetches_total{result="taken"} 1"#))
        // The old set is kept, whatever is there instead.
        for text in [
            "", "<html>", #"{"keys":[]}"#, Self.fetchedSecret,
            String(repeating: " ", count: 70_000) + set((latter, "2")),
        ] {
            try server.write(text)
            let failed = { try self.failures(gateway) }
            let before = try failed()
            gateway.signal(SIGHUP)
            _ = try eventually("it is tried") { try failed() > before ? true : nil }
            #expect(try ask(gateway, token(former, "1")).status == 200)
        }
    }

    /// One that anybody can fetch is none.
    private static let fetchedSecret =
        #"{"keys":[{"kty":"oct","kid":"1","k":"\#(String(repeating: "A", count: 43))"}]}"#

    private func failures(_ gateway: GatewayProcess) throws -> Int {
        let page = try ask(gateway, token(former, "1"), "/metrics").text
        let name = #"tidegate_key_set_fetches_total{result="failed"} "#
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(Int(line.dropFirst(name.count)))
    }

    /// A server that nobody vouches for brings no keys.
    @Test func nobodyElseBringsThem() throws {
        try server.write(set((former, "1")))
        try server.start()
        let gateway = try GatewayProcess(members())
        let line = try #require(gateway.logLine(saying: "an issuer's keys could not be fetched"))
        #expect(line.contains("cannot trust"))
        #expect(try ask(gateway, token(former, "1")).status == 503)
        let byAddress = try GatewayProcess(
            members(trusting, server.url.replacing("localhost", with: "127.0.0.1")))
        let other = try #require(byAddress.logLine(saying: "an issuer's keys could not be fetched"))
        #expect(other.contains("cannot trust"))
    }

    /// The keys of one issuer count for it alone.
    @Test func aKeyIsItsIssuersOwn() throws {
        let other = try FileServer()
        try other.write(set((latter, "1")))
        try other.start()
        try server.write(set((former, "1")))
        try server.start()
        let gateway = try GatewayProcess(
            members(
                trusting, nil,
                #", { "issuer": "other", "algorithms": ["EdDSA"], "keys": "\#(other.url)"\#(trusting) }"#))
        #expect(try status(gateway, token(former, "1")) == 200)
        #expect(try status(gateway, token(latter, "1", issuer: "other")) == 200)
        #expect(try ask(gateway, token(latter, "1")).status == 401)
        #expect(try ask(gateway, token(former, "1", issuer: "other")).status == 401)
    }
}
