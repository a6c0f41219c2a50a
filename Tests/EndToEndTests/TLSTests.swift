/// TLS as clients of others see it: curl, and OpenSSL's own.
import Foundation
import TestSupport
import Testing

@Suite struct TLSTests {
    private let authority = TestAuthority.shared

    private func endpoint(_ pair: TestAuthority.Pair, _ more: String = "") -> String {
        #"{ "tls": { "certificate": "\#(pair.certificate)", "key": "\#(pair.key)"\#(more) } }"#
    }

    private func secureGateway(_ more: String = "", _ members: String = "") throws -> GatewayProcess {
        try GatewayProcess(
            #""threads": 2, "endpoints": [\#(endpoint(try authority.issue(), more))]\#(members)"#)
    }

    private func curl(_ gateway: GatewayProcess, _ path: String, _ words: [String] = []) throws -> (
        status: Int32, output: String, errors: String
    ) {
        try StartTests.run(
            "/usr/bin/env",
            ["curl", "-sS", "--max-time", "20", "--cacert", authority.file] + words + [
                "https://localhost:\(gateway.port)\(path)"
            ])
    }

    /// One line of `openssl s_client`, which says what it was asked for by those words.
    private func handshake(_ gateway: GatewayProcess, _ words: [String]) throws -> String {
        let outcome = try StartTests.run(
            "/usr/bin/env",
            ["openssl", "s_client", "-connect", "127.0.0.1:\(gateway.port)", "-CAfile", authority.file]
                + words)
        return outcome.output + outcome.errors
    }

    private func metric(_ gateway: GatewayProcess, _ name: String) throws -> Int {
        let page = try curl(gateway, "/metrics").output
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    // MARK: Who comes in

    @Test func curlReadsAndPublishes() throws {
        let gateway = try secureGateway(#", "hsts": 600"#)
        let put = try curl(gateway, "/topics/tls/one", ["-X", "PUT", "-d", "5"])
        #expect(JSON(put.output)["version"].int == 1)
        let page = try curl(gateway, "/topics/tls/one", ["-i"])
        #expect(page.output.contains("Strict-Transport-Security: max-age=600\r\n"))
        // More than a record, and more than the kernel takes at once.
        let large = String(repeating: "0123456789abcdef", count: 3000)
        for number in 0..<20 {
            let put = try curl(
                gateway, "/topics/tls/large/\(number)", ["-X", "PUT", "-d", "\"\(large)\""])
            #expect(JSON(put.output)["version"].int == 1)
        }
        // As many as an answer has room for.
        let some = try curl(gateway, "/poll?topics=tls/large/*")
        #expect(JSON(some.output)["updates"].list.count == 5)
    }

    @Test func whoDoesNotKnowTheAuthorityStaysOut() throws {
        let gateway = try secureGateway()
        let stranger = try StartTests.run(
            "/usr/bin/env", ["curl", "-sS", "https://localhost:\(gateway.port)/healthz"])
        #expect(stranger.status == 60)
        _ = try eventually("the alert is counted") {
            try metric(gateway, #"tidegate_tls_handshake_failures_total{reason="alert"}"#) == 1 ? true : nil
        }
    }

    @Test func plainHTTPIsToldToUseTLS() throws {
        let gateway = try secureGateway()
        let answer = try HTTPProbe.ask("GET", "/", on: gateway)
        #expect(answer.status == 400 && answer.closes)
        #expect(answer.json["detail"].string?.contains("https://") == true)
        #expect(try metric(gateway, #"tidegate_tls_handshake_failures_total{reason="plain"}"#) == 1)
        #expect(gateway.logLine(saying: #""reason":"plain""#) != nil)
    }

    @Test func tlsOnAPlainPortIsNamed() throws {
        let gateway = try GatewayProcess(#""log": { "level": "debug" }"#)
        #expect(try curl(gateway, "/").status == 35)
        #expect(gateway.logLine(saying: "This port speaks no TLS") != nil)
    }

    @Test func aPlainEndpointCanLeadToTheSecureOne() throws {
        let secure = endpoint(try authority.issue())
        let gateway = try GatewayProcess(#""endpoints": [\#(secure), { "redirect": true }]"#)
        let first = try #require(gateway.logLine(saying: "listening").flatMap { JSON($0)["address"].string })
        let port = try #require(first.split(separator: " ").first?.split(separator: ":").last)
        let answer = try HTTPProbe.ask("POST", "/poll?topics=a", body: "x", on: gateway)
        #expect(answer.status == 308)
        #expect(answer.field("Location") == "https://localhost:\(port)/poll?topics=a")
    }

    // MARK: Hostile peers

    /// Silent peers take all places, and give them up for others.
    @Test func silentPeersKeepNobodyOut() throws {
        let gateway = try secureGateway("", #", "tls": { "handshakes": 8, "handshakeTimeout": 86400 }"#)
        let silent = try (0..<64).map { _ in try RawSocket(port: gateway.port) }
        #expect(try curl(gateway, "/healthz").output == "ok\n")
        #expect(try metric(gateway, #"tidegate_tls_handshake_failures_total{reason="timeout"}"#) > 0)
        withExtendedLifetime(silent) {}
    }

    @Test func aHandshakeHasItsTime() throws {
        let gateway = try secureGateway("", #", "tls": { "handshakeTimeout": 0.1 }"#)
        let silent = try RawSocket(port: gateway.port)
        #expect(try !silent.receive())
        #expect(try metric(gateway, #"tidegate_tls_handshake_failures_total{reason="timeout"}"#) == 1)
    }

    // MARK: Sessions and certificates

    /// Connections go to either of two loops by chance, and the tickets are good at both.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func sessionsAreResumed(version: String) throws {
        let gateway = try secureGateway()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "session-\(UUID().uuidString)"
        ).path
        defer { unlink(file) }
        // The ticket comes before the answer, with which the gateway ends.
        let script = """
            printf 'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' | \
            openssl s_client -quiet -connect 127.0.0.1:\(gateway.port) \(version)
            """
        _ = try StartTests.run("/bin/sh", ["-c", "\(script) -sess_out \(file)"])
        for _ in 0..<6 { _ = try StartTests.run("/bin/sh", ["-c", "\(script) -sess_in \(file)"]) }
        #expect(try metric(gateway, #"tidegate_tls_handshakes_total{kind="resumed"}"#) == 6)
    }

    @Test func whatTheFilesHoldIsServedWithoutARestart() throws {
        let (first, second) = (try authority.issue(), try authority.issue(for: ["DNS:second.example"]))
        let gateway = try GatewayProcess(#""endpoints": [\#(endpoint(first))]"#)
        let held = try HTTPProbe(gateway)
        func install(_ file: String, at place: String) throws {
            guard rename(try copy(of: file).path, place) == 0 else { throw Fault("rename: errno \(errno)") }
        }
        func shown() throws -> String { try handshake(gateway, ["-verify_hostname", "second.example"]) }
        #expect(try shown().contains("hostname mismatch"))

        try install(second.certificate, at: first.certificate)
        gateway.signal(SIGHUP)
        let refused = try #require(gateway.logLine(saying: "changed certificates were refused"))
        #expect(JSON(refused)["reason"].string?.contains("it is not the key of the certificate") == true)
        #expect(try shown().contains("hostname mismatch"))

        try install(second.key, at: first.key)
        gateway.signal(SIGHUP)
        #expect(gateway.logLine(saying: "changed certificates were taken") != nil)
        _ = try eventually("the loops have it") { try shown().contains("Verification: OK") ? true : nil }
        withExtendedLifetime(held) {}
    }

    private func copy(of file: String) throws -> URL {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.copyItem(at: URL(fileURLWithPath: file), to: place)
        return place
    }

    @Test func aBadPairStopsTheStart() throws {
        let (one, other) = (try authority.issue(), try authority.issue())
        let wrong = TestAuthority.Pair(certificate: one.certificate, key: other.key)
        for (pair, words) in [
            (wrong, "\(other.key): it is not the key of the certificate in \(one.certificate)"),
            (try authority.issue(days: 0), "it has expired"),
            (.init(certificate: "nowhere.pem", key: one.key), "nowhere.pem: it cannot be read: No such file"),
        ] {
            let outcome = try StartTests.check(#"{"publicFolder": "", "endpoints": [\#(endpoint(pair))]}"#)
            #expect(outcome.status == 1 && outcome.errors.contains(words as String), "\(outcome.errors)")
        }
        let half = try StartTests.check(#"{"endpoints": [{ "tls": { "certificate": "a.pem" } }]}"#)
        #expect(half.errors.contains("endpoints.0.tls.key: it is missing"))
    }

    @Test func aCertificateThatEndsSoonIsTold() throws {
        let pair = try authority.issue(days: 5)
        let gateway = try GatewayProcess(#""endpoints": [\#(endpoint(pair))]"#)
        let line = try #require(gateway.logLine(saying: "a certificate ends soon"))
        #expect(JSON(line)["days"].int == 4 && JSON(line)["certificate"].string == pair.certificate)
        #expect(
            try metric(
                gateway, "tidegate_certificate_expiry_timestamp_seconds{certificate=\"\(pair.certificate)\"}")
                > Int(Date().timeIntervalSince1970) + 4 * 86_400)
    }

    // MARK: The clients of ours

    @Test(arguments: ["ws", "sse", "poll"]) func tailReads(transport: String) throws {
        let gateway = try secureGateway()
        _ = try curl(gateway, "/topics/tls/one", ["-X", "PUT", "-d", "5"])
        func tail(_ words: [String]) throws -> (status: Int32, output: String, errors: String) {
            try StartTests.run(
                GatewayProcess.binary.path,
                ["tail", "tls/one", "--count", "1", "--json", "--transport", transport, "--url"] + words)
        }
        let url = "https://localhost:\(gateway.port)"
        #expect(JSON(try tail([url, "--ca", authority.file]).output)["data"].int == 5)
        #expect(JSON(try tail([url, "--insecure"]).output)["data"].int == 5)
        #expect(try tail([url, "--insecure"]).errors.hasPrefix("warning: --insecure: nobody checks"))
        let untrusted = try tail([url])
        #expect(untrusted.status == 1 && untrusted.errors.contains("name who does with --ca FILE"))
    }

    @Test func aClientChecksTheName() throws {
        let gateway = try GatewayProcess(
            #""endpoints": [\#(endpoint(try authority.issue(for: ["DNS:other.example"])))]"#)
        for host in ["localhost", "127.0.0.1"] {
            let outcome = try StartTests.run(
                GatewayProcess.binary.path,
                ["topics", "--ca", authority.file, "--url", "https://\(host):\(gateway.port)"])
            #expect(outcome.status == 1 && outcome.errors.contains("its certificate is not for \(host)"))
        }
    }
}
