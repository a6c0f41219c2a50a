/// The log of the real process, above all while nobody reads it.
import Foundation
import Testing

@Suite struct LogTests {
    /// A gateway that logs each refusal, and a pipe behind it that is full: nobody reads it.
    private func stuck() throws -> GatewayProcess {
        let gateway = try GatewayProcess(
            #""log": { "level": "debug", "queueBytes": 65536 }, "threads": 1, "drain": { "spread": 0 }"#)
        gateway.stopReadingLog()
        let probe = try HTTPProbe(gateway)
        // 3,000 lines of 300 bytes: the pipe holds 64 KiB, the queue as much, and so does what the writer has in hand.
        let name = String(repeating: "x", count: 200)
        for _ in 0..<30 {
            let request = HTTPProbe.request("GET", "/topics/a**\(name)")
            try probe.socket.send(String(repeating: request, count: 100))
            for _ in 0..<100 { #expect(try probe.answer().status == 400) }
        }
        return gateway
    }

    @Test func nobodyWaitsForALogThatNobodyReads() throws {
        let gateway = try stuck()
        #expect(try HTTPProbe.ask("GET", "/healthz", on: gateway).status == 200)
        let dropped = try HTTPProbe.ask("GET", "/stats", on: gateway).json["log"]["dropped"].int ?? 0
        #expect(dropped > 0)
        let metrics = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        #expect(metrics.contains("\ntidegate_log_lines_dropped_total \(dropped)\n"))

        gateway.readLogAgain()
        #expect(gateway.logLine(saying: "log lines were dropped") != nil)
        gateway.signal(SIGTERM)
        #expect(gateway.logLine(saying: #""event":"ended""#) != nil)
        let told = gateway.logText.split(separator: "\n").filter { $0.contains("log lines were dropped") }
        #expect(told.reduce(0) { $0 + (JSON(String($1))["count"].int ?? 0) } == dropped)
        #expect(try gateway.exitStatus() == 0)
    }

    @Test func noLogKeepsTheProcessFromItsEnd() throws {
        let gateway = try stuck()
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 0)
    }

    /// The request of a peer that would like to write a line of its own.
    @Test func nobodyForgesALine() throws {
        let gateway = try GatewayProcess(#""log": { "level": "debug" }"#)
        let answer = try HTTPProbe.ask("GET", "/topics/a%1b%5b31mred%0a%c2%9b%ff,forged", on: gateway)
        #expect(answer.status == 400)
        let line = try #require(gateway.logLine(saying: #""event":"refused""#))
        #expect(JSON(line)["code"].string == "invalid_topic")
        let unseen = line.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        #expect(!unseen)
    }
}
