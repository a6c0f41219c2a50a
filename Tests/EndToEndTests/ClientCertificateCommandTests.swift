import Foundation
import TestSupport
import Testing

/// A gateway that knows its clients by their certificates, as curl and the commands show them.
@Suite struct ClientCertificateCommandTests {
    private let authority = TestAuthority.shared
    private let server: TestAuthority.Pair
    private let feeder: TestAuthority.Pair
    private let reader: TestAuthority.Pair

    init() throws {
        server = try authority.issue()
        feeder = try authority.issue(subject: "/O=Example/CN=feeder-1")
        reader = try authority.issue(for: ["URI:spiffe://mesh/reader"])
    }

    private static let entries = [
        #"{ "name": "feeder", "subject": "CN=feeder-1,O=Example", "publish": ["a/**"] }"#,
        #"{ "name": "reader", "san": "URI:spiffe://mesh/reader", "subscribe": ["a/**"] }"#,
    ]

    private func members(_ mode: String = "optional", _ entries: [String] = entries, _ keys: String = "")
        -> String
    {
        """
        "threads": 2, "drain": { "spread": 0 },
        "endpoints": [{ "tls": { "certificate": "\(server.certificate)", "key": "\(server.key)",
            "clientCA": "\(authority.file)", "clientCertificate": "\(mode)" } }],
        "access": { "anonymous": {}, "keys": [\(keys)], "certificates": [ \(entries.joined(separator: ", ")) ] }
        """
    }

    private func words(_ shown: TestAuthority.Pair?) -> [String] {
        shown.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
    }

    private func curl(
        _ gateway: GatewayProcess, _ shown: TestAuthority.Pair?, _ path: String, _ more: String...
    ) throws
        -> (status: Int32, output: String, errors: String)
    {
        try StartTests.run(
            "/usr/bin/env",
            ["curl", "-sS", "--max-time", "20", "--cacert", authority.file] + words(shown) + more + [
                "https://localhost:\(gateway.port)\(path)"
            ])
    }

    @Test func doesWhatItsEntrySays() throws {
        let gateway = try GatewayProcess(members())
        #expect(
            try curl(gateway, feeder, "/topics/a/x", "-X", "PUT", "-d", "1").output.contains(#""version":1"#))
        #expect(try curl(gateway, feeder, "/topics/b/x", "-X", "PUT", "-d", "1").output.contains("forbidden"))
        #expect(try curl(gateway, feeder, "/topics/a/x").output.contains("forbidden"))
        #expect(try curl(gateway, reader, "/topics/a/x").output.contains(#""data":1"#))
        // Without one it is a stranger, and so is whoever has one that nobody knows.
        #expect(try curl(gateway, nil, "/topics/a/x").output.contains("unauthenticated"))
        #expect(try curl(gateway, server, "/topics/a/x").output.contains("unauthenticated"))
    }

    @Test func whatARequestShowsGoesBefore() throws {
        let made = try StartTests.run(GatewayProcess.binary.path, ["key", "desk", "--subscribe", "a/**"])
        let lines = made.output.split(separator: "\n").map(String.init)
        let gateway = try GatewayProcess(members("optional", Self.entries, try #require(lines.last)))
        let field = "Authorization: Bearer \(try #require(lines.first))"
        #expect(try curl(gateway, feeder, "/topics/a/none", "-H", field).output.contains("not_found"))
        #expect(
            try curl(gateway, feeder, "/topics/a/none", "-H", field + "x").output.contains("unauthenticated"))
    }

    @Test func nobodyComesInWithoutWhereItIsRequired() throws {
        let gateway = try GatewayProcess(members("required"))
        #expect(try curl(gateway, nil, "/healthz").status != 0)
        #expect(try curl(gateway, reader, "/healthz").output == "ok\n")
    }

    @Test func theCommandsShowIt() throws {
        let gateway = try GatewayProcess(members("required"))
        func tidegate(_ command: String, _ shown: TestAuthority.Pair?, _ more: String...) throws -> (
            status: Int32, output: String, errors: String
        ) {
            let way = ["--url", "https://localhost:\(gateway.port)", "--ca", authority.file]
            return try StartTests.run(GatewayProcess.binary.path, [command] + way + words(shown) + more)
        }
        let published = try tidegate("publish", feeder, "a/y", "7")
        #expect(published.status == 0, "\(published.errors)")
        let tail = try tidegate("tail", reader, "--count", "1", "a/*")
        #expect(tail.status == 0 && tail.output.contains("7"), "\(tail.errors)")
        #expect(try tidegate("publish", nil, "a/y", "8").status != 0)
        let plain = try StartTests.run(GatewayProcess.binary.path, ["topics"] + words(reader))
        #expect(plain.status == 2 && plain.errors.contains("https"))
    }

    @Test func anEntryThatGoesEndsWhatItCarried() throws {
        let gateway = try GatewayProcess(members())
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        curl.arguments =
            ["curl", "-sSN", "--max-time", "20", "--cacert", authority.file] + words(reader) + [
                "https://localhost:\(gateway.port)/sse?topics=a/**"
            ]
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        var said = ""
        while !said.contains("event: live") {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty)
            said += String(decoding: piece, as: UTF8.self)
        }
        try gateway.write(members("optional", [Self.entries[0]]))
        gateway.signal(SIGHUP)
        let rest = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(rest.contains("event: goodbye") && rest.contains("unauthenticated"))
        curl.waitUntilExit()
        #expect(curl.terminationStatus == 0)
    }
}
