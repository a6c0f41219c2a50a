import Foundation
import TestSupport
import Testing

/// An endpoint for proxies: a connection comes from where its header says, and nobody comes in without one.
@Suite struct ProxyProtocolTests {
    private func gateway(_ access: String = "", endpoint: String = "") throws -> GatewayProcess {
        try GatewayProcess(
            #""operations": { "connections": "on" }, "access": { "proxies": ["127.0.0.1"]\#(access) }, "endpoints": [{ "proxyProtocol": true\#(endpoint) }]"#
        )
    }

    /// As `/connections` names who asks over a connection that begins with `header`.
    private func addresses(_ gateway: GatewayProcess, _ header: [UInt8], _ fields: String...) throws
        -> [String?]
    {
        let probe = try HTTPProbe(gateway)
        try probe.socket.send(header)
        try probe.send("GET", "/connections", fields)
        return try probe.answer().json["connections"].list.map { $0["address"].string }
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private func line(_ source: String, _ port: Int = 5) -> [UInt8] {
        Array("PROXY TCP4 \(source) 192.0.2.1 \(port) 443\r\n".utf8)
    }

    @Test func comesFromWhereTheHeaderSays() throws {
        let gateway = try gateway()
        #expect(try addresses(gateway, line("198.51.100.7", 4711)) == ["198.51.100.7:4711"])
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 198, 51, 100, 8]
        let binary =
            Self.signature + [0x21, 0x21, 0, 39] + mapped + mapped + [0x12, 0x34, 0, 80] + [4, 0, 0]
        #expect(try addresses(gateway, binary).contains("198.51.100.8:4660"))
        #expect(try addresses(gateway, Array("PROXY UNKNOWN\r\n".utf8)).contains("unknown"))
        // The client's own words count for nothing, a proxy's behind the proxy do.
        let field = "X-Forwarded-For: 203.0.113.3"
        #expect(try addresses(gateway, line("198.51.100.9"), field).contains("198.51.100.9:5"))
        #expect(try addresses(gateway, line("127.0.0.1"), field).contains("203.0.113.3"))
        // A health check of the proxy is its own.
        let local = Self.signature + [0x20, 0, 0, 0]
        #expect(try addresses(gateway, local).contains { $0?.hasPrefix("127.0.0.1:") ?? false })
    }

    @Test func aHeaderMayComeInPieces() throws {
        let gateway = try gateway()
        let probe = try HTTPProbe(gateway)
        for byte in line("198.51.100.7") { try probe.socket.send([byte]) }
        try probe.send("GET", "/connections")
        #expect(try probe.answer().json["connections"].list.first?["address"].string == "198.51.100.7:5")
        #expect(try addresses(gateway, line("198.51.100.8")).contains("198.51.100.7:5"))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 99999\r\n", "\r\n\r\n\0\r\nX",
    ])
    func nobodyComesInWithoutOne(text: String) throws {
        let gateway = try gateway()
        let socket = try RawSocket(port: gateway.port)
        try socket.send(text)
        #expect(try socket.takeAll().isEmpty)
        #expect(try addresses(gateway, line("198.51.100.7")).count == 1)
    }

    /// Whoever is no proxy is closed unheard, and a header anywhere else is no request.
    @Test func strangersHaveNoHeaders() throws {
        let closed = try GatewayProcess(
            #""access": { "proxies": ["192.0.2.1"] }, "endpoints": [{ "proxyProtocol": true }]"#)
        let socket = try RawSocket(port: closed.port)
        _ = socket.sendWithoutWaiting(
            line("198.51.100.7") + Array(HTTPProbe.request("GET", "/readyz", ["Connection: close"]).utf8))
        #expect(try socket.takeAll().isEmpty)
        let open = try GatewayProcess(#""access": { "proxies": ["127.0.0.1"] }"#)
        let probe = try HTTPProbe(open)
        try probe.socket.send(line("198.51.100.7"))
        #expect(try probe.answer().status == 400)
    }

    @Test func clientsOfAProxyAreCounted() throws {
        let gateway = try gateway(#", "connectionsPerAddress": 1"#)
        let first = try HTTPProbe(gateway)
        try first.socket.send(line("198.51.100.7"))
        try first.send("GET", "/topics")
        #expect(try first.answer().status == 200)
        let second = try HTTPProbe(gateway)
        try second.socket.send(line("198.51.100.7", 6))
        try second.send("GET", "/topics")
        #expect(try second.answer().code == "overloaded")
        #expect(try addresses(gateway, line("198.51.100.8")).count >= 2)
    }

    /// Before TLS, as HAProxy sends it; here curl does.
    @Test func standsBeforeTLS() throws {
        let pair = try TestAuthority.shared.issue()
        let gateway = try gateway(
            endpoint: #", "tls": { "certificate": "\#(pair.certificate)", "key": "\#(pair.key)" }"#)
        let outcome = try StartTests.run(
            "/usr/bin/env",
            [
                "curl", "-sS", "--max-time", "20", "--cacert", TestAuthority.shared.file,
                "--haproxy-protocol",
                "https://localhost:\(gateway.port)/connections",
            ])
        #expect(outcome.output.contains(#""address":"127.0.0.1:"#), "\(outcome.output)\(outcome.errors)")
    }
}
