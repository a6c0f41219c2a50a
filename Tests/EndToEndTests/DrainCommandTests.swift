/// Whoever restarts gateways has them drain, and sees how it goes.
import Foundation
import Testing

@Suite struct DrainCommandTests {
    private static func drain(_ gateway: GatewayProcess, _ words: [String]) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = GatewayProcess.binary
        process.arguments = ["drain", "--url", "http://127.0.0.1:\(gateway.port)"] + words
        process.environment = GatewayProcess.environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return (process, output)
    }

    private static func said(_ output: Pipe) -> String {
        String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    @Test func itWaitsUntilTheGatewayHasEnded() throws {
        let gateway = try GatewayProcess(#""drain": { "spread": 0, "deadline": 60 }"#)
        let probe = try WebSocketProbe("topics=a", [], gateway)
        _ = try probe.next("live")
        let (command, output) = try Self.drain(gateway, ["--wait"])
        let goodbye = try probe.next("goodbye")
        // It is alone: readers wait for the next one in its place.
        #expect(
            (61_000...66_000).contains(goodbye["reconnectAfter"].int ?? -1) && goodbye["avoid"].string == nil)
        // As long as this one is there it waits.
        #expect(command.isRunning)
        probe.socket.close()
        #expect(Self.said(output).contains(#/http://127.0.0.1:\d+ has ended after \d+ s\n/#))
        command.waitUntilExit()
        #expect(command.terminationStatus == 0)
        #expect(try gateway.exitStatus() == 0)
    }

    @Test func balancersAreGivenTimeToNotice() throws {
        let gateway = try GatewayProcess(#""drain": { "settle": 3600, "spread": 0, "deadline": 60 }"#)
        let (command, output) = try Self.drain(gateway, [])
        #expect(Self.said(output).contains("drains: settling, "))
        command.waitUntilExit()
        #expect(command.terminationStatus == 0)
        #expect(gateway.logLine(saying: "draining") != nil)
        #expect(try HTTPProbe.ask("GET", "/readyz", on: gateway).status == 503)
        // All else goes on.
        try HTTPProbe.put("a", "1", on: gateway)
        let probe = try WebSocketProbe("topics=a", [], gateway)
        _ = try probe.next("live")
        // A signal that comes besides is none that ends it at once; the next one is.
        gateway.signal(SIGTERM)
        #expect(try HTTPProbe.ask("GET", "/healthz", on: gateway).status == 200)
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 143)
    }

    @Test func nobodyWithoutTheRightDrains() throws {
        let reader = try TestKey("reader")
        let gateway = try GatewayProcess(
            #""access": { "anonymous": {}, "keys": [ \#(reader.may(#""subscribe": ["**"]"#)) ] }"#)
        let (command, output) = try Self.drain(gateway, ["--wait"])
        #expect(Self.said(output).contains("refused: "))
        command.waitUntilExit()
        #expect(command.terminationStatus == 1)
        let probe = try HTTPProbe(gateway)
        try probe.send("POST", "/operations/drain", [reader.field], body: "")
        #expect(try probe.answer().status == 403)
        #expect(try HTTPProbe.ask("GET", "/readyz", on: gateway).status == 200)
    }
}
