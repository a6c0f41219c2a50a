import Testing

/// Who comes faster than a setting allows is told so, or waits; everybody else is served.
@Suite struct RateLimitTests {
    @Test func anAddressAsksSoOften() throws {
        let gateway = try GatewayProcess(
            #""threads": 2, "access": { "requestsPerAddress": 0.01, "requestBurst": 2, "proxies": ["127.0.0.1"] }"#
        )
        func ask(_ path: String, for client: String) throws -> HTTPAnswer {
            try HTTPProbe.ask("GET", path, ["X-Forwarded-For: \(client)"], on: gateway)
        }
        for _ in 0..<3 { #expect(try ask("/topics", for: "198.51.100.1").status == 200) }
        let refused = try ask("/topics", for: "198.51.100.1")
        #expect(refused.status == 429 && refused.code == "rate_limited")
        #expect(refused.text.contains("requestsPerAddress") && refused.field("Retry-After") == "100")
        // A page that is not there counts as well; a probe does not.
        #expect(try ask("/nothing", for: "198.51.100.1").status == 429)
        #expect(try ask("/healthz", for: "198.51.100.1").status == 200)
        // An `EventSource` would end for good at any status but 200.
        let stream = try ask("/sse?topics=a", for: "198.51.100.1")
        #expect(stream.status == 200 && stream.text.contains("event: goodbye"))
        #expect(stream.text.contains("rate_limited"))
        let stats = try ask("/stats", for: "198.51.100.2")
        #expect(stats.json["rateLimited"]["requestsPerAddress"].int == 3)
    }

    @Test func anAddressConnectsSoOften() throws {
        let gateway = try GatewayProcess(
            #""access": { "newConnectionsPerAddress": 0.001, "newConnectionBurst": 2 }"#)
        // Each is answered before the next one comes: two loops may accept in another order.
        let probes = try (0..<3).map { _ in
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/topics")
            #expect(try probe.answer().status == 200)
            return probe
        }
        let refused = try HTTPProbe.ask("GET", "/topics", on: gateway)
        #expect(refused.status == 503 && refused.code == "overloaded" && refused.closes)
        #expect(refused.text.contains("newConnectionsPerAddress"))
        // Those that came in time may ask as often as they like.
        for _ in 0..<20 {
            try probes[2].send("GET", "/stats")
            #expect(try probes[2].answer().status == 200)
        }
        try probes[0].send("GET", "/stats")
        #expect(try probes[0].answer().json["rateLimited"]["newConnectionsPerAddress"].int == 1)
    }

    /// Whoever comes when all together come too fast waits in the kernel, and is served.
    @Test func newConnectionsAreAcceptedInTime() throws {
        let gateway = try GatewayProcess(
            #""access": { "newConnections": 20, "newConnectionBurst": 1 }"#)
        let probes = try (0..<6).map { _ in try HTTPProbe(gateway) }
        for probe in probes {
            try probe.send("GET", "/stats")
            #expect(try probe.answer().status == 200)
        }
        try probes[0].send("GET", "/stats")
        let stats = try probes[0].answer().json
        #expect(stats["rateLimited"]["newConnections"].int ?? 0 > 0)
        #expect(stats["connections"]["refused"].int == 0)
    }

    @Test func aPrincipalPublishesSoMuchWhateverItsConnections() throws {
        let keys = try ["a", "b"].map { try TestKey($0) }
        let entries = keys.map { $0.may(#""publish": ["**"]"#) }.joined(separator: ", ")
        let gateway = try GatewayProcess(
            #""publishers": { "principalUpdateRate": 0.01, "updateBurst": 2 }, "#
                + #""access": { "anonymous": { "publish": ["**"] }, "proxies": ["127.0.0.1"], "keys": [\#(entries)] }"#
        )
        func publish(_ field: String) throws -> HTTPAnswer {
            try HTTPProbe.ask("PUT", "/topics/t", [field], body: "1", on: gateway)
        }
        for _ in 0..<3 { #expect(try publish(keys[0].field).status == 200) }
        let refused = try publish(keys[0].field)
        #expect(refused.status == 429 && refused.text.contains("publishers.principalUpdateRate"))
        #expect(try publish(keys[1].field).status == 200)
        // Strangers have no name that would count for all of them.
        for _ in 0..<3 { #expect(try publish("X-Forwarded-For: 198.51.100.1").status == 200) }
        #expect(try publish("X-Forwarded-For: 198.51.100.1").status == 429)
        #expect(try publish("X-Forwarded-For: 198.51.100.2").status == 200)
    }

    @Test func allTogetherPublishSoMuch() throws {
        let gateway = try GatewayProcess(
            #""publishers": { "totalUpdateRate": 0.01, "updateBurst": 2 }"#)
        for _ in 0..<3 {
            #expect(try HTTPProbe.ask("PUT", "/topics/t", body: "1", on: gateway).status == 200)
        }
        let refused = try HTTPProbe.ask("PUT", "/topics/u", body: "1", on: gateway)
        #expect(refused.status == 429 && refused.text.contains("publishers.totalUpdateRate"))
        #expect(
            try HTTPProbe.ask("GET", "/stats", on: gateway).json["rateLimited"]["totalUpdateRate"].int == 1)
    }
}
