/// What clients can make the gateway hold has a total, whatever they do.
import Foundation
import Testing

@Suite(.serialized) struct MemoryTests {
    private static let limit = 4 << 20

    private func gateway(_ members: String = "") throws -> GatewayProcess {
        try GatewayProcess(#""threads": 1, "memory": { "clientBytes": \#(Self.limit) }\#(members)"#)
    }

    /// Bytes that `/stats` says are held, of that kind or of all.
    private func held(_ kind: String? = nil, on gateway: GatewayProcess) throws -> Int {
        let memory = try HTTPProbe.ask("GET", "/stats", on: gateway).json["memory"]
        let kinds = kind.map { [$0] } ?? ["connections", "requests", "answers", "subscriptions"]
        return kinds.reduce(0) { $0 + (memory[$1].int ?? 0) }
    }

    /// Names topics that nobody publishes until the gateway takes no more; returns how many names it took.
    @discardableResult
    private func fill(with inventor: WebSocketProbe, _ prefix: String) throws -> Int {
        for part in 0..<20 {
            let names = (0..<500).map { "\"\(prefix)/\(part)/\($0)\"" }.joined(separator: ",")
            let answer = try inventor.ask(part, #"{"type":"subscribe","id":\#(part),"topics":[\#(names)]}"#)
            if answer["code"].string == "overloaded" { return part * 500 }
        }
        return 10_000
    }

    @Test func bodiesThatNeverEndAreRefusedBeforeTheyAreMuch() throws {
        let gateway = try gateway()
        let witness = try WebSocketProbe("topics=seen", [], gateway)
        _ = try witness.snapshot()
        let inventor = try WebSocketProbe("", [], gateway)
        let before = gateway.residentByteCount
        let head =
            "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 1048576\r\n\r\n"
        let beginning = Array(head.utf8) + [UInt8](repeating: 0x20, count: 1_000_000)
        let senders = try (0..<30).map { _ in try RawSocket(port: gateway.port) }
        for sender in senders { try sender.send(beginning) }
        _ = try eventually("most are refused") {
            let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
            return stats["refusals"]["overloaded"].int ?? 0 > 20 ? true : nil
        }
        // A body that is refused only now gives back what it held.
        var round = 0
        let refusal = try eventually("what is new is refused") { () -> HTTPAnswer? in
            round += 1
            try fill(with: inventor, "x\(round)")
            let answer = try HTTPProbe.ask("GET", "/poll?topics=seen", on: gateway)
            return answer.status == 503 ? answer : nil
        }
        #expect(refusal.json["code"].string == "overloaded")
        #expect(refusal.field("Retry-After").flatMap { Int($0) } ?? 0 > 0)
        // Without the limit it is 31 MB.
        #expect(gateway.residentByteCount - before < 12_000_000)
        #expect(try held(on: gateway) < Self.limit * 5 / 4)
        // What is served goes on.
        try HTTPProbe.put("seen", "1", on: gateway)
        #expect(try witness.updates { _ in true }.count == 1)
        #expect(gateway.logLine(saying: "the memory for clients is used up") != nil)
        inventor.socket.close()
        for sender in senders { sender.close() }
        _ = try eventually("all is given back") { try held("requests", on: gateway) == 0 ? true : nil }
        #expect(try HTTPProbe.ask("GET", "/poll?topics=seen", on: gateway).status == 200)
    }

    @Test func answersThatNobodyTakesAreRefusedBeforeTheyAreMuch() throws {
        let gateway = try gateway()
        let value = "\"" + String(repeating: "v", count: 3000) + "\""
        for number in 0..<300 { try HTTPProbe.put("big/\(number)", value, on: gateway) }
        let before = gateway.residentByteCount
        let askers = try (0..<30).map { _ in
            let asker = try RawSocket(port: gateway.port, receiveBuffer: 4096)
            try asker.send(HTTPProbe.request("GET", "/poll?topics=big/*"))
            return asker
        }
        _ = try eventually("the limit is reached") { try held(on: gateway) > Self.limit ? true : nil }
        #expect(try held("answers", on: gateway) < Self.limit * 5 / 4)
        #expect(gateway.residentByteCount - before < 12_000_000)
        for asker in askers { asker.close() }
        _ = try eventually("all is given back") { try held("answers", on: gateway) == 0 ? true : nil }
    }

    @Test func inventedNamesCountAndAreBounded() throws {
        let gateway = try gateway()
        let before = gateway.residentByteCount
        let inventors = try (0..<10).map { _ in try WebSocketProbe("", [], gateway) }
        var taken = 0
        for (number, inventor) in inventors.enumerated() { taken += try fill(with: inventor, "x\(number)") }
        #expect(taken > 5000 && taken < 20_000)
        let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
        #expect(stats["unpublishedTopics"].int == taken)
        #expect(gateway.residentByteCount - before < 12_000_000)
        for inventor in inventors { inventor.socket.close() }
        _ = try eventually("all is given back") {
            let stats = try HTTPProbe.ask("GET", "/stats", on: gateway).json
            return stats["unpublishedTopics"].int == 0 && stats["memory"]["subscriptions"].int == 0
                ? true : nil
        }
    }

    @Test func aReaderOfMoreTopicsThanItMayCoverIsToldSo() throws {
        let gateway = try gateway(#", "subscribers": { "coveredTopics": 20 }"#)
        for number in 0..<20 { try HTTPProbe.put("many/\(number)", "1", on: gateway) }
        let socket = try WebSocketProbe("topics=many/*", [], gateway)
        let stream = try EventStreamProbe("topics=many/*", [], gateway)
        #expect(try socket.snapshot().updates.count == 20)
        #expect(try stream.snapshot().updates.count == 20)
        let poll = try HTTPProbe.ask("GET", "/poll?topics=many/*", on: gateway)
        let waiting = try HTTPProbe(gateway)
        let cursor = try #require(poll.json["cursor"].string)
        try waiting.send("GET", "/poll?topics=many/*&wait=60&cursor=\(cursor)")
        _ = try eventually("the poll waits") {
            try HTTPProbe.ask("GET", "/stats", on: gateway).json["connections"]["poll"].int == 1 ? true : nil
        }
        // One more is born.
        try HTTPProbe.put("many/20", "1", on: gateway)
        #expect(try socket.next("error")["code"].string == "too_many_topics")
        #expect(throws: Fault.self) { try socket.next("pong") }
        #expect(socket.close?.closeCode == 1008)
        #expect(try stream.next("goodbye").json["reason"].string == "too_many_topics")
        #expect(try waiting.answer().json["code"].string == "too_many_topics")
        // And who comes now is told the same; a narrower pattern is served.
        let late = try WebSocketProbe("topics=many/*", [], gateway)
        #expect(try late.next("error")["code"].string == "too_many_topics")
        #expect(try WebSocketProbe("topics=many/1,many/2", [], gateway).snapshot().updates.count == 2)
    }
}
