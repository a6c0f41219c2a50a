import Testing

/// One address opens as many connections as it may, at all loops together, whatever it says on them.
@Suite struct ConnectionsPerAddressTests {
    @Test func oneAddressHasSoMany() throws {
        let gateway = try GatewayProcess(#""threads": 2, "access": { "connectionsPerAddress": 4 }"#)
        // Each is answered before the next one comes: two loops may accept in another order.
        var probes = try (0..<4).map { _ in
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/topics")
            #expect(try probe.answer().status == 200)
            return probe
        }
        let refused = try HTTPProbe.ask("GET", "/topics", on: gateway)
        #expect(refused.status == 503)
        #expect(
            refused.code == "overloaded" && refused.text.contains("connectionsPerAddress") && refused.closes)
        #expect(refused.field("Retry-After") != nil)
        // Those that were there before go on.
        try probes[0].send("GET", "/stats")
        let stats = try probes[0].answer()
        #expect(stats.status == 200 && stats.json["connections"]["limited"]["address"].int ?? 0 >= 1)
        probes.removeLast()
        _ = try eventually("its place is free again") { () -> Bool? in
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/topics")
            return try probe.answer().status == 200 ? true : nil
        }
    }

    /// A proxy on this machine may have any number: its clients count.
    @Test func aProxyIsNoClient() throws {
        let gateway = try GatewayProcess(
            #""access": { "connectionsPerAddress": 1, "proxies": ["127.0.0.1"] }"#)
        let probes = try (0..<3).map { _ in try HTTPProbe(gateway) }
        for probe in probes {
            try probe.send("GET", "/topics")
            #expect(try probe.answer().status == 200)
        }
        try probes[0].send("GET", "/sse?topics=a", ["X-Forwarded-For: 198.51.100.1"])
        #expect(try probes[0].answer(toHead: true).status == 200)
        try probes[1].send("GET", "/topics", ["X-Forwarded-For: 198.51.100.2"])
        #expect(try probes[1].answer().status == 200)
        try probes[2].send("GET", "/topics", ["X-Forwarded-For: 198.51.100.1"])
        #expect(try probes[2].answer().status == 503)
    }
}
