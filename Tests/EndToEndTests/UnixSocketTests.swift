import Foundation
import Testing

/// A gateway at a Unix socket: programs of this machine reach it, and it knows who they are.
@Suite struct UnixSocketTests {
    /// At a Unix socket and, last, at a port.
    private func gateway(_ socket: String = "", _ members: String = "") throws -> GatewayProcess {
        try GatewayProcess(
            #""operations": { "connections": "on" }, "endpoints": [{ "path": "gate.sock"\#(socket) }, {}]\#(members)"#
        )
    }

    private func path(_ gateway: GatewayProcess) -> String {
        gateway.folder.appendingPathComponent("gate.sock").path
    }

    private func curl(_ gateway: GatewayProcess, _ words: String...) throws -> String {
        let way = ["curl", "-sS", "--max-time", "\(Int(patience))", "--unix-socket", path(gateway)]
        let done = try StartTests.run("/usr/bin/env", way + words)
        #expect(done.status == 0, "\(done.errors)")
        return done.output
    }

    private func tidegate(_ gateway: GatewayProcess, _ command: String, _ words: String...) throws -> (
        status: Int32, output: String, errors: String
    ) {
        try StartTests.run(
            GatewayProcess.binary.path, [command, "--unix-socket", path(gateway)] + words)
    }

    private let user = "unix:uid=\(getuid())"

    @Test func isReachedAndKnowsWhoComes() throws {
        let gateway = try gateway(#", "mode": "0600""#)
        #expect(gateway.logText.contains("unix:\(path(gateway))"))
        #expect(
            try curl(gateway, "-X", "PUT", "http://localhost/topics/a", "-d", "1").contains(#""version":1"#))
        #expect(try HTTPProbe.ask("GET", "/topics/a", on: gateway).json["data"].int == 1)
        let row = JSON(try curl(gateway, "http://localhost/connections"))["connections"].list.first
        #expect(row?["address"].string?.hasPrefix("\(user),pid=") ?? false)
        let attributes = try FileManager.default.attributesOfItem(atPath: path(gateway))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 0)
        #expect(!FileManager.default.fileExists(atPath: path(gateway)))
    }

    @Test func isReachedByTheCommands() throws {
        let gateway = try gateway()
        #expect(try tidegate(gateway, "publish", "b", "2").status == 0)
        #expect(try tidegate(gateway, "topics").output.contains("b"))
        let tail = try tidegate(gateway, "tail", "--count", "1", "b")
        #expect(tail.status == 0 && tail.output.contains("2"), "\(tail.errors)")
        #expect(try tidegate(gateway, "reload").output == "nothing has changed\n")
        let away = try StartTests.run(
            GatewayProcess.binary.path, ["topics", "--unix-socket", path(gateway) + "x"])
        #expect(away.status != 0 && away.errors.contains("unix:\(path(gateway))x"))
    }

    /// Operations for this machine, reading for the network: strangers' rights have to be said for the port alone.
    @Test func opensWhatItsDoorsSay() throws {
        let gateway = try GatewayProcess(
            #""endpoints": [{ "path": "gate.sock", "doors": ["operations"] }, { "doors": ["subscribe"] }]"#)
        #expect(try curl(gateway, "http://localhost/metrics").contains("tidegate_"))
        #expect(try curl(gateway, "http://localhost/topics").contains(#""status":404"#))
        #expect(try HTTPProbe.ask("GET", "/metrics", on: gateway).status == 404)
        #expect(try HTTPProbe.ask("GET", "/topics", on: gateway).status == 200)
    }

    @Test func namesThisMachineWhateverHostsThereAre() throws {
        let gateway = try gateway("", #", "access": { "hosts": ["ticker.example"] }"#)
        #expect(try curl(gateway, "http://localhost/topics").contains("updates"))
        #expect(try curl(gateway, "http://other.example/topics").contains(#""status":421"#))
    }

    @Test func aUserCountsAsAnAddress() throws {
        let gateway = try gateway("", #", "access": { "proxies": ["\#(user)"] }"#)
        let seen = try curl(gateway, "-H", "X-Forwarded-For: 192.0.2.7", "http://localhost/connections")
        #expect(JSON(seen)["connections"].list.first?["address"].string == "192.0.2.7")
        let stranger = try self.gateway("", #", "access": { "proxies": ["unix:uid=4294967294"] }"#)
        #expect(
            try curl(stranger, "-H", "X-Forwarded-For: 192.0.2.7", "http://localhost/connections").contains(
                user))
    }

    @Test func aProxyMaySpeakForOthersThere() throws {
        let gateway = try gateway(
            #", "proxyProtocol": true"#, #", "access": { "proxies": ["unix:"] }"#)
        let seen = try curl(gateway, "--haproxy-protocol", "http://localhost/healthz")
        #expect(seen == "ok\n")
    }

    @Test func aPathInUseStopsTheStart() throws {
        let gateway = try gateway()
        let second = try StartTests.serve("--set endpoints.0.path=\(path(gateway))")
        #expect(second.status == 1)
        #expect(second.errors.contains("cannot listen on unix:\(path(gateway)): somebody listens there"))
        #expect(try curl(gateway, "http://localhost/healthz") == "ok\n")
    }

    /// Killed, it leaves its file behind; the next one takes the place.
    @Test func whatIsLeftOverMakesWay() throws {
        let gateway = try gateway()
        gateway.signal(SIGKILL)
        _ = try gateway.exitStatus()
        #expect(FileManager.default.fileExists(atPath: path(gateway)))
        let second = try GatewayProcess(#""endpoints": [{ "path": "\#(path(gateway))" }, {}]"#)
        #expect(try curl(gateway, "http://localhost/healthz") == "ok\n")
        second.signal(SIGTERM)
        _ = try second.exitStatus()
    }
}
