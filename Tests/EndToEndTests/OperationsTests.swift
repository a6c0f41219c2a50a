/// The questions of operators, asked as they ask them.
import Foundation
import Testing

@Suite struct OperationsTests {
    @Test func healthIsPlainToSee() throws {
        #expect(try HTTPProbe.ask("GET", "/healthz").text == "ok\n")
        #expect(try HTTPProbe.ask("GET", "/readyz").status == 200)
        #expect(try HTTPProbe.ask("HEAD", "/readyz").status == 200)
    }

    /// Every line is a comment or a sample, every sample has a type, no series appears twice.
    @Test func metricsAreWhatPrometheusReads() throws {
        let answer = try HTTPProbe.ask("GET", "/metrics")
        #expect(answer.field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.text.hasSuffix("\n"))
        var types = Set<String>()
        var series = Set<String>()
        for line in answer.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") { continue }
            if line.hasPrefix("# TYPE ") {
                #expect(types.insert(String(words[2])).inserted)
                #expect(["counter", "gauge", "histogram"].contains(words[3]))
                if words[3] == "histogram" {
                    for part in ["_bucket", "_sum", "_count"] { types.insert(words[2] + part) }
                }
                if words[3] == "counter" { #expect(words[2].hasSuffix("_total")) }
                continue
            }
            #expect(words.count == 2)
            #expect(Double(words[1]) != nil)
            #expect(series.insert(String(words[0])).inserted)
            #expect(types.contains(String(words[0].prefix { $0 != "{" })))
        }
        #expect(types.count > 10)
    }

    @Test func whatIsRefusedIsCounted() throws {
        let gateway = try GatewayProcess()
        func figure(_ name: String) throws -> Int {
            let page = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
            return page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
                .flatMap { Int($0.split(separator: " ")[1]) } ?? -1
        }
        let garbage = try HTTPProbe(gateway)
        try garbage.socket.send("garbage\r\n\r\n")
        #expect(try garbage.answer().status == 400)
        #expect(try garbage.socket.takeAll().isEmpty)
        garbage.socket.close()
        _ = try eventually("the malformed one is counted") {
            try figure(#"tidegate_connections_closed_total{reason="malformed"}"#) == 1 ? true : nil
        }
        _ = try Transport.poll.read("a", cursor: "nonsense", on: gateway)
        #expect(try figure(#"tidegate_resumes_total{result="reset"}"#) == 1)
    }

    /// Buckets never fall, the last one equals the count, and deliveries are in them.
    @Test func histogramsAddUp() throws {
        let gateway = try GatewayProcess()
        let reader = try WebSocketProbe("topics=a", [], gateway)
        _ = try reader.snapshot()
        for value in 0..<5 {
            try HTTPProbe.put("a", "\(value)", on: gateway)
            _ = try reader.next("updates")
        }
        let page = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        for name in ["publish_to_send_seconds", "delivered_age_seconds", "batch_updates"] {
            let lines = page.split(separator: "\n").filter { $0.hasPrefix("tidegate_\(name)") }
            let values = lines.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            let buckets = values.dropLast(2)
            #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0 <= $1 }, "\(name)")
            #expect(buckets.last == values.last)
            #expect((values.last ?? 0) >= 5)
        }
    }

    @Test func statsSayWhatHappened() throws {
        let gateway = try GatewayProcess()
        let reader = try EventStreamProbe("topics=a", [], gateway)
        _ = try reader.snapshot()
        try HTTPProbe.put("a", "1", on: gateway)
        _ = try reader.updates { _ in true }
        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
        #expect(stats["connections"]["sse"].int == 1)
        #expect(stats["updates"]["published"].int == 1)
        #expect(stats["updates"]["delivered"].int == 1)
        #expect(stats["topics"].int == 1)
        #expect(stats["publishToSend"]["count"].int == 1)
        let waits = try ["p50", "p90", "p99"].map { try #require(stats["publishToSend"][$0].double) }
        #expect(waits[0] > 0 && waits == waits.sorted())
        #expect((stats["process"]["residentBytes"].int ?? 0) > 1_000_000)
        #expect((stats["process"]["openDescriptors"].int ?? 0) > 4)
    }

    @Test func connectionsAreListedTheSlowestFirst() throws {
        let gateway = try GatewayProcess(#""threads": 2"#)
        let fast = try WebSocketProbe("topics=big&maxRate=7", [], gateway)
        _ = try fast.snapshot()
        // A reader that takes nothing, so its socket fills up.
        let stalled = try HTTPProbe(gateway, receiveBuffer: 4096)
        try stalled.send("GET", "/sse?topics=big,other")
        _ = try stalled.head()
        let value = "\"" + String(repeating: "x", count: 60_000) + "\""
        let rows = try eventually("the stalled one comes first") { () -> [JSON]? in
            try HTTPProbe.put("big", value, on: gateway)
            let rows = try HTTPProbe.ask("GET", "/connections?limit=5", on: gateway).json["connections"].list
            return rows.first.map { ($0["stalled"].double ?? 0) > 0 } == true ? rows : nil
        }
        #expect(rows[0]["transport"].string == "sse")
        #expect(rows[0]["topics"].int == 2)
        #expect((rows[0]["bytesPending"].int ?? 0) > 10_000)
        #expect(rows[0]["address"].string?.hasPrefix("127.0.0.1:") == true)
        let other = try #require(rows.first { $0["transport"].string == "websocket" })
        #expect(other["maxRate"].double == 7)
        #expect(other["stalled"].double == 0)
        #expect(
            try HTTPProbe.ask("GET", "/connections?limit=1", on: gateway).json["connections"].list.count == 1)
        #expect(try HTTPProbe.ask("GET", "/connections?limit=0", on: gateway).status == 400)
        stalled.socket.close()
    }

    /// The list is cut where the answer is full, and all are counted, over all loops.
    @Test func aLongListOfConnectionsIsCut() throws {
        let gateway = try GatewayProcess(#""threads": 2, "subscribers": { "answerBytes": 1024 }"#)
        let readers = try (0..<100).map { _ in try WebSocketProbe("topics=a", [], gateway) }
        for reader in readers { _ = try reader.snapshot() }
        let answer = try HTTPProbe.ask("GET", "/connections?limit=1000", on: gateway)
        #expect((3...8).contains(answer.json["connections"].list.count))
        #expect(answer.text.utf8.count <= 1024 + 64)
        #expect((answer.json["total"].int ?? 0) >= 100)
    }

    @Test func whoMayNotSeeIsToldSo() throws {
        let hidden = try GatewayProcess(#""operations": { "connections": "off" }"#)
        #expect(try HTTPProbe.ask("GET", "/connections", on: hidden).status == 403)
        #expect(try HTTPProbe.ask("GET", "/stats", on: hidden).status == 200)
        let closed = try GatewayProcess(#""operations": { "metrics": false }"#)
        for path in ["/metrics", "/stats", "/connections"] {
            #expect(try HTTPProbe.ask("GET", path, on: closed).code == "forbidden", "\(path)")
        }
        let wide = try GatewayProcess(#""host": "0.0.0.0", "access": { "anonymous": { "operate": true } }"#)
        #expect(try HTTPProbe.ask("GET", "/connections", on: wide).status == 403)
    }

    @Test func aPublisherOverItsRateIsToldWhenToGoOn() throws {
        let gateway = try GatewayProcess(#""publishers": { "updateRate": 0.01, "updateBurst": 2 }"#)
        let probe = try HTTPProbe(gateway)
        for value in 0..<3 {
            try probe.send("PUT", "/topics/a", body: "\(value)")
            #expect(try probe.answer().status == 200)
        }
        try probe.send("PUT", "/topics/a", body: "3")
        let refused = try probe.answer()
        #expect(refused.status == 429)
        #expect(refused.code == "rate_limited")
        #expect((refused.field("Retry-After").flatMap { Int($0) } ?? 0) >= 60)
        // Lines before the limit stay accepted, and the answer says how many there are.
        let lines = try HTTPProbe(gateway)
        let body = (0..<9).map { #"{"topic":"b","data":\#($0)}"# + "\n" }.joined()
        try lines.send("POST", "/publish", ["Content-Type: application/x-ndjson"], body: body)
        let answer = try lines.answer()
        #expect(answer.status == 200, "one batch, taken whole, is paid for afterwards")
        try lines.send("POST", "/publish", ["Content-Type: application/x-ndjson"], body: body)
        let second = try lines.answer()
        #expect(second.status == 429)
        #expect(second.json["accepted"].int == 0 && second.json["line"].int == 1)
        // The same on a WebSocket, which stays open.
        let socket = try WebSocketProbe("", [], gateway)
        let update = #"{"topic":"c","data":1}"#
        func publish(_ id: Int) throws -> JSON {
            try socket.ask(
                id, #"{"type":"publish","id":\#(id),"updates":[\#(update),\#(update),\#(update)]}"#)
        }
        #expect(try publish(1)["type"].string == "published")
        #expect(try publish(2)["code"].string == "rate_limited")
        #expect(try socket.ask(3, #"{"type":"ping","id":3}"#)["type"].string == "pong")
        #expect(gateway.logText.contains("a limit was hit"))
    }

    /// The gateway reads no faster than it applies, so no publisher can fill its memory.
    @Test func linesWithoutEndTakeNoMemory() throws {
        let gateway = try GatewayProcess()
        let probe = try HTTPProbe(gateway)
        try probe.send(
            "POST", "/publish", ["Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"])
        let lines = Array(String(repeating: #"{"topic":"flood","data":[1,2,3,4]}"# + "\n", count: 2000).utf8)
        let chunk = Array("\(String(lines.count, radix: 16))\r\n".utf8) + lines + Array("\r\n".utf8)
        for _ in 0..<20 { try probe.socket.send(chunk) }
        let before = gateway.residentByteCount
        for _ in 0..<100 { try probe.socket.send(chunk) }
        try probe.socket.send("0\r\n\r\n")
        #expect(try probe.answer().json["accepted"].int == 240_000)
        // Measured: 1 MB. A queue of the sent lines would hold 7 MB.
        #expect(gateway.residentByteCount - before < 3_000_000)
    }

    @Test func aGatewayShowsItselfAsTopics() throws {
        let gateway = try GatewayProcess(
            #""feeds": { "gateway": { "interval": 0.1 } }"#, startsFeeds: true)
        let reader = try EventStreamProbe("topics=gateway/*", [], gateway)
        let wanted = Set(["connections", "delivered", "conflated", "memory", "cpu"].map { "gateway/\($0)" })
        var seen = Set<String>()
        let updates = try reader.updates { update in
            update["topic"].string.map { _ = seen.insert($0) }
            return seen.isSuperset(of: wanted) && (update["data"]["sse"].int ?? 0) == 1
        }
        #expect(!updates.isEmpty)
        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
        #expect((stats["feeds"]["gateway"].int ?? 0) > 0)
    }

    /// Bytes behind a question that waits must not be mistaken for the next one.
    @Test func aSurveyHasNoBody() throws {
        let gateway = try GatewayProcess()
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/connections", body: "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try probe.answer().status == 400)
        #expect(try probe.socket.takeAll().isEmpty)
    }
}
