/// A WebSocket reader that stops reading: the bytes that wait for it, in all kernels together, stay few and fresh.
import Foundation
import Testing

@Suite struct ReadReceiptTests {
    /// Answers pings as clients do until an update of `version` comes; returns how many bytes came.
    private func read(_ probe: WebSocketProbe, through version: Int) throws -> Int {
        var byteCount = 0
        while true {
            let frame = try probe.nextFrame()
            byteCount += frame.payload.count
            if frame.opcode == 9 { try probe.socket.send(WebSocketProbe.frame(10, frame.payload)) }
            if JSON(frame.payload)["updates"].list.contains(where: { $0["version"].int == version }) {
                return byteCount
            }
        }
    }

    private func publish(_ versions: ClosedRange<Int>, on publisher: HTTPProbe) throws {
        let value = "\"" + String(repeating: "x", count: 4000) + "\""
        for _ in versions {
            try publisher.send("PUT", "/topics/a", body: value)
            #expect(try publisher.answer().status == 200)
        }
    }

    @Test func whoStopsReadingIsSentNoMoreThanAWindow() throws {
        let gateway = try GatewayProcess(#""threads": 1, "subscribers": { "flushInterval": 0 }"#)
        let publisher = try HTTPProbe(gateway)
        let probe = try WebSocketProbe("topics=a", [], gateway)
        _ = try probe.snapshot()
        // Long enough for the gateway to ask for an answer, and to get one.
        try publish(1...30, on: publisher)
        _ = try read(probe, through: 30)
        // 4 MB pass by while it reads nothing.
        try publish(31...1030, on: publisher)
        let stalled = try eventually("the reader is seen to read nothing") { () -> JSON? in
            let rows = try HTTPProbe.ask("GET", "/connections", on: gateway).json["connections"].list
            return rows.first { $0["transport"].string == "websocket" && ($0["stalled"].double ?? 0) > 0 }
        }
        #expect(stalled["conflated"].int.map { $0 > 900 } == true)
        // Then it reads on, and gets few old bytes and the latest value.
        let waited = try read(probe, through: 1030)
        #expect(waited < 80_000)
        // Afterwards it goes on as before.
        try publish(1031...1031, on: publisher)
        _ = try read(probe, through: 1031)
    }

    /// A client that wrongly never answers pings still gets what its socket takes.
    @Test func whoNeverAnswersIsNotHeldUp() throws {
        let gateway = try GatewayProcess(#""threads": 1, "subscribers": { "flushInterval": 0 }"#)
        let publisher = try HTTPProbe(gateway)
        let probe = try WebSocketProbe("topics=a", [], gateway)
        _ = try probe.snapshot()
        for version in 1...60 {
            try publish(version...version, on: publisher)
            _ = try probe.updates { $0["version"].int == version }
        }
    }

    /// A slow reader is not dead, but one that reads nothing for the whole of `sendTimeout` is.
    @Test func whoReadsNothingForLongIsClosedAndSaidSo() throws {
        let gateway = try GatewayProcess(
            #""threads": 1, "subscribers": { "flushInterval": 0, "pingInterval": 0.1, "pongTimeout": 0.1, "sendTimeout": 2 }"#
        )
        let publisher = try HTTPProbe(gateway)
        let probe = try WebSocketProbe("topics=a", [], gateway)
        _ = try probe.snapshot()
        try publish(1...30, on: publisher)
        _ = try read(probe, through: 30)
        try publish(31...130, on: publisher)
        // Unanswered pings do not end it early: only the time without reading counts.
        let line = try #require(gateway.logLine(saying: "a dead reader was closed"))
        #expect(line.contains("it read nothing"))
        #expect(gateway.logText.contains("a reader takes nothing"))
        let page = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        #expect(page.contains(#"tidegate_connections_closed_total{reason="dead"}"#))
    }
}
