/// How the gateway starts, and how it says why it does not.
import Foundation
import Testing

@Suite struct StartTests {
    /// Runs a command to its end.
    static func run(_ path: String, _ words: [String], environment: [String: String] = [:]) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = words
        process.environment = GatewayProcess.environment.merging(environment) { $1 }
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self),
            String(decoding: complained, as: UTF8.self)
        )
    }

    static func check(_ text: String, _ words: [String] = [], environment: [String: String] = [:]) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString).json")
        try Data(text.utf8).write(to: file)
        defer { unlink(file.path) }
        return try run(
            GatewayProcess.binary.path, ["check", "--config", file.path] + words, environment: environment)
    }

    /// Runs a gateway that should fail to start, in a folder without settings.
    static func serve(_ words: String) throws -> (status: Int32, output: String, errors: String) {
        let command = "cd /; exec \(GatewayProcess.binary.path) serve --set publicFolder= --no-feeds"
        return try run("/bin/sh", ["-c", "\(command) \(words)"])
    }

    @Test func aPortInUseIsNamed() throws {
        let port = GatewayProcess.shared.port
        let second = try Self.serve("--port \(port)")
        #expect(second.status == 1)
        #expect(second.errors.contains("cannot listen on 127.0.0.1:\(port)"))
        #expect(second.errors.contains("Address already in use"))
        #expect(second.errors.contains("\"port\""))
    }

    @Test func anAddressOfAnotherMachineIsNamed() throws {
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has such an address.
        let started = try Self.serve("--host 192.0.2.1 --port 0")
        #expect(started.status == 1)
        #expect(started.errors.contains("Set \"host\" to an address of this machine."))
    }

    /// The one by two sockets, the other by one.
    @Test(.enabled(if: hasIPv6), arguments: ["localhost", "::"])
    func bothFamiliesAreServed(host: String) throws {
        let gateway = try GatewayProcess(
            #""host": "\#(host)", "operations": { "connections": "on" }, "threads": 2, \#(Self.strangers)"#)
        let line = try #require(gateway.logLine(saying: "listening"))
        let shown = host == "::" ? "[::]:PORT" : "127.0.0.1:PORT [::1]:PORT"
        #expect(JSON(line)["address"].string == shown.replacing("PORT", with: "\(gateway.port)"))
        for (family, peer) in [(RawSocket.Family.ipv4, "127.0.0.1:"), (.ipv6, "[::1]:")] {
            let probe = try HTTPProbe(gateway, family: family)
            try probe.send("GET", "/connections")
            let rows = try probe.answer().json["connections"].list
            #expect(rows.contains { $0["address"].string?.hasPrefix(peer) == true })
        }
    }

    /// What is judged by the address is judged by all of them.
    @Test(arguments: [("localhost", 200), ("::", 403)])
    func onlyTheLoopbackListsConnections(host: String, status: Int) throws {
        let gateway = try GatewayProcess(#""host": "\#(host)", \#(Self.strangers)"#)
        #expect(try HTTPProbe.ask("GET", "/connections", on: gateway).status == status)
    }

    /// What strangers may do has to be said where they can come.
    private static let strangers = #""access": { "anonymous": { "subscribe": ["**"], "operate": true } }"#

    /// Nobody lets strangers in by accident: the refusal has the lines to write, and with them it starts.
    @Test(arguments: ["0.0.0.0", "::"]) func strangersAreNotLetInUnasked(host: String) throws {
        let check = "cd /; exec \(GatewayProcess.binary.path) check --set publicFolder= --host \(host)"
        // One that would start has to be told before it is started: it would serve for ever.
        try #require(try Self.run("/bin/sh", ["-c", check]).status == 1)
        let refused = try Self.serve("--host \(host) --port 0")
        #expect(refused.status == 1)
        let lines = refused.errors.split(separator: "\n")
        #expect(lines.contains("  \"access\": {") && lines.contains("  }"))
        #expect(lines.contains("    \"anonymous\": { \"subscribe\": [\"**\"], \"publish\": [] }"))
        let gateway = try GatewayProcess(
            #""host": "\#(host)", "access": { "anonymous": { "subscribe": ["**"], "publish": [] } }"#)
        #expect(try HTTPProbe.ask("GET", "/topics", on: gateway).status == 200)
        let publish = try HTTPProbe(gateway)
        try publish.send("PUT", "/topics/a", body: "1")
        #expect(try publish.answer().status == 403)
    }

    /// One address of a name that is taken is an error, also where another one is free.
    @Test(.enabled(if: hasIPv6)) func anAddressInUseIsNoSkippedOne() throws {
        let gateway = try GatewayProcess(#""host": "::1""#)
        let second = try Self.serve("--host localhost --port \(gateway.port)")
        #expect(second.status == 1)
        #expect(second.errors.contains("cannot listen on [::1]:\(gateway.port)"))
    }

    private static let hasIPv6: Bool = {
        var text = ""
        do {
            text = try String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)
        } catch {
            // The kernel has none.
        }
        return text.hasPrefix("00000000000000000000000000000001")
            || text.contains("\n00000000000000000000000000000001")
    }()

    @Test func theFirstLineTellsTheAddressAndTheLimit() throws {
        let line = try #require(GatewayProcess.shared.logLine(saying: "listening"))
        #expect(JSON(line)["address"].string == "127.0.0.1:\(GatewayProcess.shared.port)")
        #expect(JSON(line)["openFileLimit"].int ?? 0 > 0)
    }

    /// The first connection would otherwise be standard error, and its peer would get the log.
    @Test(arguments: 0...2) func aClosedDescriptorIsGivenToNobody(descriptor: Int) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let command = "cd /; exec \(GatewayProcess.binary.path) serve --set publicFolder= --no-feeds --port 0"
        process.arguments = ["-c", "\(command) \(descriptor)>&-"]
        process.environment = GatewayProcess.environment
        let said = Pipe()
        for name in 0...2 where name != descriptor {
            switch name {
            case 0: process.standardInput = FileHandle.nullDevice
            case 1: process.standardOutput = said
            default: process.standardError = said
            }
        }
        try process.run()
        defer { process.terminate() }
        // It says something once it listens, wherever it still can.
        #expect(!said.fileHandleForReading.availableData.isEmpty)
        let file = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(process.processIdentifier)/fd/\(descriptor)")
        #expect(file == "/dev/null")
    }

    @Test func aRightFileIsRight() throws {
        let checked = try Self.check(
            #"{"port": 0, "publicFolder": "", "feeds": {"m": {"kind": "market"}}}"#)
        #expect(checked.status == 0)
        #expect(checked.output.contains("is right. Feeds: m."))
        let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../config.json").standardized.path
        #expect(try Self.run(GatewayProcess.binary.path, ["check", "--config", shipped]).status == 0)
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let text: String
        let says: [String]
        var words: [String] = []
        var environment: [String: String] = [:]
        var testDescription: String { "\(text) \(words) \(environment)" }
    }

    static let mistakes = [
        Mistake(text: #"{"prot": 1}"#, says: ["prot: unknown key", "Did you mean \"port\"?"]),
        Mistake(
            text: #"{"http": {"headTimeot": 1}}"#, says: ["http.headTimeot: unknown key", "\"headTimeout\"?"]),
        Mistake(text: #"{"drain": {"x": 1}}"#, says: ["drain.x: unknown key", "spread"]),
        Mistake(
            text: #"{"topics": {"logs": [{"pattern": "a/*", "keeps": 1}]}}"#,
            says: ["topics.logs.0.keeps: unknown key", "\"keep\"?"]),
        Mistake(text: #"{"port": "80"}"#, says: ["port: found", "whole number from 0 to 65535"]),
        Mistake(text: #"{"port": 65536}"#, says: ["port: found 65536"]),
        Mistake(text: #"{"http": 5}"#, says: ["http: found", "an object is wanted"]),
        Mistake(text: #"{"log": {"level": "loud"}}"#, says: ["log.level", "\"warning\""]),
        Mistake(text: #"{"drain": {"spread": 9, "deadline": 3}}"#, says: ["drain.deadline"]),
        Mistake(
            text: #"{"topics": {"logs": [{"pattern": "a/**/b"}]}}"#,
            says: ["topics.logs.0.pattern", "last segment"]),
        Mistake(text: #"{"port": 1"#, says: ["line 1"]),
        Mistake(text: #"{"feeds": {"m": {"kind": "marked"}}}"#, says: ["feeds.m.kind", "\"market\""]),
        Mistake(
            text: #"{"feeds": {"m": {"kind": "market", "enabled": false, "rat": 5}}}"#,
            says: ["feeds.m.rat: unknown key"]),
        Mistake(
            text: #"{"publicFolder": "nowhere"}"#,
            says: ["cannot read", "/nowhere: No such file", "\"publicFolder\""]),
        Mistake(
            text: #"{"publicFolder": "", "host": "no host"}"#,
            says: ["no address for \"no host\"", "Set \"host\""]),
        Mistake(text: "{}", says: ["--set", "prot", "Did you mean \"port\"?"], words: ["--set", "prot=5"]),
        Mistake(text: "{}", says: ["--port", "found \"x\""], words: ["--port", "x"]),
        Mistake(text: "{}", says: ["TIDEGATE_PORT", "found \"x\""], environment: ["TIDEGATE_PORT": "x"]),
        Mistake(text: "{}", says: ["TIDEGATE_PROT", "no such setting"], environment: ["TIDEGATE_PROT": "5"]),
        // Nearly a variable of Kubernetes.
        Mistake(
            text: "{}", says: ["TIDEGATE_HTTP_HEADER_BYTE", "Did you mean \"TIDEGATE_HTTP_HEADER_BYTES\"?"],
            environment: ["TIDEGATE_HTTP_HEADER_BYTE": "5", "TIDEGATE_SERVICE_HOST": "10.0.0.1"]),
        Mistake(
            text: "{}", says: ["TIDEGATE_PORT_8080_QUIC", "no such setting"],
            environment: ["TIDEGATE_PORT_8080_QUIC": "quic://10.0.0.1:8080"]),
        Mistake(
            text: "{}", says: ["TIDEGATE_PORT", "found \"http://10.0.0.1\""],
            environment: ["TIDEGATE_PORT": "http://10.0.0.1"]),
    ]

    @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlace(mistake: Mistake) throws {
        let checked = try Self.check(mistake.text, mistake.words, environment: mistake.environment)
        #expect(checked.status == 1)
        for words in mistake.says { #expect(checked.errors.contains(words), "\(checked.errors)") }
        #expect(checked.errors.split(separator: "\n").count == 1)
    }

    /// Services named `tidegate`, `tidegate-public` and `tidegate-metrics`, as Kubernetes tells a pod of them.
    private static let services = [
        "TIDEGATE_SERVICE_HOST": "10.0.0.1", "TIDEGATE_SERVICE_PORT": "8080",
        "TIDEGATE_SERVICE_PORT_HTTP": "8080", "TIDEGATE_PORT": "tcp://10.0.0.1:8080",
        "TIDEGATE_PORT_8080_TCP": "tcp://10.0.0.1:8080", "TIDEGATE_PORT_8080_TCP_PROTO": "tcp",
        "TIDEGATE_PORT_8080_TCP_PORT": "8080", "TIDEGATE_PORT_8080_TCP_ADDR": "10.0.0.1",
        "TIDEGATE_PUBLIC_SERVICE_HOST": "10.0.0.2", "TIDEGATE_PUBLIC_PORT": "tcp://10.0.0.2:443",
        "TIDEGATE_METRICS_SERVICE_PORT_SCRAPE_IT": "9", "TIDEGATE_METRICS_PORT_9_UDP_ADDR": "10.0.0.3",
    ]

    @Test func variablesOfKubernetesAreNoSettings() throws {
        let checked = try Self.check(#"{"publicFolder": ""}"#, environment: Self.services)
        #expect(checked.status == 0, "\(checked.errors)")
        let gateway = try GatewayProcess(environment: Self.services)
        let line = try #require(gateway.logLine(saying: "variables of Kubernetes services were passed over"))
        #expect(JSON(line)["level"].string == "info")
        #expect(JSON(line)["names"].string == Self.services.keys.sorted().joined(separator: " "))
        #expect(!line.contains("10.0.0"))
        // The setting of that name is still one.
        let port = try Self.check("{}", environment: ["TIDEGATE_PORT": "70000"])
        #expect(port.errors.contains("TIDEGATE_PORT: port: found \"70000\""))
    }

    @Test func whatIsSetLaterWins() throws {
        let flag = try Self.check(
            #"{"publicFolder": "", "port": 70000}"#, ["--port", "9"], environment: ["TIDEGATE_PORT": "x"])
        #expect(flag.status == 0, "\(flag.errors)")
        let variable = try Self.check(
            #"{"publicFolder": "", "port": 70000}"#, environment: ["TIDEGATE_PORT": "9"])
        #expect(variable.status == 0, "\(variable.errors)")
    }
}
