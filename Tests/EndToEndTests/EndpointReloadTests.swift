/// Endpoints that a reload opens, closes and changes.
import Foundation
import TestSupport
import Testing

@Suite struct EndpointReloadTests {
    private static let main = "{}"

    private static func members(_ endpoints: [String], _ more: String = "") -> String {
        #""threads": 2, "drain": { "spread": 0 }, \#(more) "endpoints": [ \#(endpoints.joined(separator: ", ")) ]"#
    }

    private func start(_ endpoints: [String] = [main], _ more: String = "") throws -> GatewayProcess {
        try GatewayProcess(Self.members(endpoints, more))
    }

    private func reload(_ gateway: GatewayProcess, _ endpoints: [String], _ more: String = "") throws
        -> HTTPAnswer
    {
        try gateway.write(Self.members(endpoints, more))
        return try HTTPProbe.ask("POST", "/operations/reload", body: "", on: gateway)
    }

    private func change(_ gateway: GatewayProcess, _ endpoints: [String], _ more: String = "") throws {
        let answer = try reload(gateway, endpoints, more)
        #expect(answer.json["changed"].list.map(\.string).contains("endpoints"), "\(answer.text)")
        #expect(answer.json["restart"].list.isEmpty)
    }

    /// The ports of which the log has told last.
    private func ports(_ gateway: GatewayProcess, _ count: Int) throws -> [UInt16] {
        try eventually("the log tells of \(count) addresses") {
            let lines = gateway.logText.split(separator: "\n").map { JSON(String($0)) }
            let last = lines.last { $0["event"].string == "listening elsewhere" }
            let addresses = last?["address"].string?.split(separator: " ") ?? []
            return addresses.count == count
                ? addresses.compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } } : nil
        }
    }

    private func status(_ path: String, _ port: UInt16) throws -> Int {
        let probe = try HTTPProbe(port: port)
        try probe.send("GET", path, ["Connection: close"])
        return try probe.answer().status
    }

    private func closed(_ reason: String, _ gateway: GatewayProcess) throws -> Int {
        try HTTPProbe.ask("GET", "/stats", on: gateway).json["connections"]["closed"][reason].int ?? 0
    }

    /// Whoever is elsewhere notices nothing.
    @Test func oneComesAndGoes() throws {
        let gateway = try start()
        let stays = try WebSocketProbe("topics=a", [], gateway)
        _ = try stays.snapshot()
        try change(gateway, [Self.main, #"{ "doors": ["subscribe"] }"#])
        let port = try ports(gateway, 2)[1]
        // Each loop accepts there.
        for _ in 0..<16 { #expect(try status("/topics", port) == 200) }
        #expect(try status("/stats", port) == 404)
        let goes = try WebSocketProbe("topics=a", [], port: port)
        _ = try goes.snapshot()
        let idle = try HTTPProbe(port: port)
        try idle.send("GET", "/readyz")
        #expect(try idle.answer().status == 200)

        try change(gateway, [Self.main])
        #expect(try goes.next("goodbye")["reason"].string == "endpoint")
        #expect(try goes.nextClose().closeCode == 1001)
        #expect(try idle.socket.takeAll().isEmpty)
        #expect(throws: Fault.self) { try HTTPProbe(port: port) }
        try goes.sendClose(1001)
        _ = try eventually("both are counted") { try closed("endpoint", gateway) == 2 ? true : nil }
        try HTTPProbe.put("a", "1", on: gateway)
        #expect(try stays.updates { _ in true }.first?["data"].int == 1)
    }

    @Test func otherDoorsAreForThoseWhoAreThere() throws {
        let gateway = try start([Self.main, Self.main])
        let socket = try WebSocketProbe("topics=a", [], gateway)
        _ = try socket.snapshot()
        let publish = #"{"type":"publish","id":1,"updates":[{"topic":"b","data":1}]}"#
        #expect(try socket.ask(1, publish)["type"].string == "published")
        try change(gateway, [Self.main, #"{ "doors": ["subscribe", "operations"] }"#])
        let refused = try eventually("the loop knows") {
            let answer = try socket.ask(1, publish)
            return answer["type"].string == "error" ? answer : nil
        }
        #expect(refused["code"].string == "forbidden" || refused["code"].string == "not_found")
        let other = try ports(gateway, 2)[0]
        let writer = try HTTPProbe(port: other)
        try writer.send("PUT", "/topics/a", body: "5")
        #expect(try writer.answer().status == 200)
        #expect(try socket.updates { _ in true }.first?["data"].int == 5)
    }

    /// The sockets are the same, so nobody who waits in the kernel is lost.
    @Test func nobodyIsLostWhereOneIsChanged() throws {
        let gateway = try start()
        for round in 0..<12 {
            let waiting = try (0..<20).map { _ in try HTTPProbe(gateway) }
            try change(
                gateway,
                [round % 2 == 0 ? #"{ "doors": ["subscribe", "operations"] }"# : Self.main])
            for probe in waiting {
                try probe.send("GET", "/topics")
                #expect(try probe.answer().status == 200)
            }
        }
        #expect(try closed("endpoint", gateway) == 0)
    }

    @Test func onePortFromPlainToSecure() throws {
        let authority = TestAuthority.shared
        let (first, second) = (try authority.issue(), try authority.issue(for: ["DNS:second.example"]))
        let gateway = try start([Self.main, Self.main])
        let reader = try WebSocketProbe("topics=a", [], gateway)
        _ = try reader.snapshot()
        let secure = #"{ "tls": { "certificate": "\#(first.certificate)", "key": "\#(first.key)" } }"#
        try change(gateway, [Self.main, secure])
        #expect(try reader.next("goodbye")["reason"].string == "endpoint")
        func curl(_ name: String) throws -> String {
            let done = try StartTests.run(
                "/usr/bin/env",
                [
                    "curl", "-sS", "--max-time", "20", "--cacert", authority.file, "-H", "Host: localhost",
                    "--connect-to", "\(name)::127.0.0.1:\(gateway.port)",
                    "https://\(name):\(gateway.port)/readyz",
                ])
            return done.output + done.errors
        }
        #expect(try curl("localhost").contains("ready"))
        // Its certificate is looked after like one of the start.
        for (file, place) in [(second.certificate, first.certificate), (second.key, first.key)] {
            try Data(contentsOf: URL(fileURLWithPath: file)).write(
                to: URL(fileURLWithPath: place), options: .atomic)
        }
        gateway.signal(SIGHUP)
        #expect(gateway.logLine(saying: "changed certificates were taken") != nil)
        _ = try eventually("the loops have it") {
            try curl("second.example").contains("ready") ? true : nil
        }
    }

    @Test func whereNobodyCanListenNothingChanges() throws {
        let gateway = try start()
        let other = try GatewayProcess()
        let answer = try reload(
            gateway, [Self.main, "{}", #"{ "port": \#(other.port) }"#], #""log": { "level": "debug" }, "#)
        #expect(answer.status == 400)
        let detail = answer.json["detail"].string ?? ""
        #expect(detail.hasPrefix("cannot listen on 127.0.0.1:\(other.port): "), "\(detail)")
        let unchanged = try reload(gateway, [Self.main])
        #expect(unchanged.json["changed"].list.isEmpty)
        #expect(!gateway.logText.contains("listening elsewhere"))
    }

    /// `0.0.0.0` takes the place of `127.0.0.1` at the same port, once somebody has said what strangers may do.
    @Test func strangersAreSpokenOfBeforeTheyComeIn() throws {
        let gateway = try start()
        let open = [#"{ "address": "0.0.0.0", "port": \#(gateway.port) }"#]
        let answer = try reload(gateway, open)
        #expect(answer.status == 400)
        #expect(answer.json["detail"].string?.contains("nothing says what strangers may do") == true)
        let reader = try WebSocketProbe("topics=a", [], gateway)
        try change(
            gateway, open,
            #""access": { "hosts": [], "anonymous": { "subscribe": ["**"], "operate": true } },"#)
        #expect(try reader.next("goodbye")["reason"].string == "endpoint")
        #expect(try status("/topics", gateway.port) == 200)
        let refused = try HTTPProbe.ask("PUT", "/topics/a", body: "1", on: gateway)
        #expect(refused.status == 401 || refused.status == 403)
        try change(gateway, [Self.main], #""access": { "anonymous": { "operate": true } },"#)
    }

    @Test func aUnixSocket() throws {
        let gateway = try start()
        let path = gateway.folder.appendingPathComponent("gate.sock").path
        func ask() throws -> String {
            let words = ["curl", "-sS", "--max-time", "20", "--unix-socket", path, "http://localhost/readyz"]
            return try StartTests.run("/usr/bin/env", words).output
        }
        func mode() throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        try change(gateway, [Self.main, #"{ "path": "gate.sock" }"#])
        #expect(try ask().contains("ready") && mode() == 0o660)
        try change(gateway, [Self.main, #"{ "path": "gate.sock", "mode": "0600" }"#])
        #expect(try ask().contains("ready") && mode() == 0o600)
        try change(gateway, [Self.main])
        _ = try eventually("the file is gone") {
            FileManager.default.fileExists(atPath: path) ? nil : true
        }
    }

    @Test func aDrainAmongReloads() throws {
        for _ in 0..<6 {
            let gateway = try start()
            try gateway.write(Self.members([Self.main, #"{ "path": "gate.sock" }"#, "{}"]))
            for number in [SIGHUP, SIGTERM] { gateway.signal(number) }
            #expect(try gateway.exitStatus() == 0)
            let path = gateway.folder.appendingPathComponent("gate.sock").path
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}
