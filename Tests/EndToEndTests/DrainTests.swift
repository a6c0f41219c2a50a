/// How a gateway ends: every reader gets its goodbye, the status is 0, and a second signal waits for nobody.
import Foundation
import Testing

@Suite struct DrainTests {
    @Test func everybodyIsToldGoodbye() throws {
        let gateway = try GatewayProcess(#""drain": { "spread": 1, "deadline": 20 }"#)
        try HTTPProbe.put("drain/a", "1", on: gateway)
        let socket = try WebSocketProbe("topics=drain/*", [], gateway)
        let stream = try EventStreamProbe("topics=drain/*", [], gateway)
        _ = try socket.snapshot()
        _ = try stream.snapshot()
        let cursor = try Transport.poll.read("drain/*", on: gateway).cursor
        let poll = try HTTPProbe(gateway)
        try poll.send("GET", "/poll?topics=drain/*&cursor=\(cursor)&wait=60")
        let idle = try HTTPProbe(gateway)
        try idle.send("GET", "/readyz")
        #expect(try idle.answer().status == 200)
        gateway.signal(SIGTERM)

        let goodbye = try socket.next("goodbye")
        #expect(goodbye["reason"].string == "draining")
        // The drain's deadline, a second more, and the spread.
        #expect((20_000...26_000).contains(goodbye["reconnectAfter"].int ?? -1))
        #expect(try socket.nextClose().closeCode == 1001)
        try socket.sendClose(1001)
        #expect(try socket.socket.takeAll().isEmpty)
        socket.socket.close()

        var retry: Int?
        while let block = try stream.nextBlock() {
            retry = block.retry ?? retry
            guard block.type == "goodbye" else { continue }
            #expect((20_000...26_000).contains(retry ?? -1))
            #expect(block.json["reconnectAfter"].int == retry)
            #expect(block.id != nil)
        }
        stream.http.socket.close()

        let last = try poll.answer()
        #expect(last.status == 200)
        #expect(last.json["updates"].list.isEmpty)
        #expect(last.closes)
        #expect((20...26).contains(last.field("Retry-After").flatMap { Int($0) } ?? 0))
        poll.socket.close()
        #expect(try idle.socket.takeAll().isEmpty)
        idle.socket.close()
        #expect(try gateway.exitStatus() == 0)
    }

    /// The close's deadline counts from when the last byte of the close frame leaves, not from when it was queued
    /// behind bytes that a slow reader has not taken yet. The reader's earlier messages must not break the connection
    /// either.
    @Test func aSlowReaderReadsItsGoodbye() throws {
        let gateway = try GatewayProcess(
            #"""
            "drain": { "spread": 0, "deadline": 60 }, "subscribers": { "closeTimeout": 0.05 },
            "sockets": { "sendBufferBytes": 4096 }
            """#)
        let value = "\"" + String(repeating: "x", count: 8000) + "\""
        for number in 0..<7 { try HTTPProbe.put("slow/\(number)", value, on: gateway) }
        let probe = try WebSocketProbe("topics=slow/*", [], gateway, receiveBuffer: 4096)
        _ = try probe.next("subscribed")
        // The gateway reads nothing from a reader that takes nothing.
        for number in 0..<3 { try probe.send("{\"type\":\"ping\",\"id\":\(number)}") }
        gateway.signal(SIGTERM)
        #expect(gateway.logLine(saying: "draining") != nil)
        probe.socket.pieceByteCount = 1024
        while !probe.socket.contains(Array("the gateway drains".utf8)) {
            // This makes the reader slow: it needs more than twice as long as a close may take.
            usleep(2_000)
            guard try probe.socket.receive() else { break }
        }
        #expect(try probe.next("updates")["updates"].list.count == 7)
        _ = try probe.next("goodbye")
        #expect(try probe.nextClose().closeCode == 1001)
        #expect(try gateway.exitStatus() == 0)
    }

    /// A proxy keeps connections open, and sends over them what comes for the next gateway.
    @Test func aStreamThatComesOverAConnectionThatIsKeptIsSentAway() throws {
        let gateway = try GatewayProcess(#""drain": { "spread": 600, "deadline": 600 }"#)
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/healthz")
        #expect(try probe.answer().status == 200)
        gateway.signal(SIGTERM)
        try awaitClosedDoors(gateway)
        try probe.send("GET", "/sse?topics=a")
        let answer = try probe.answer()
        #expect(answer.status == 200 && answer.closes)
        #expect(answer.field("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(try #/retry: \d+\nevent: goodbye\ndata: {.*}\n\n/#.wholeMatch(in: answer.text) != nil)
        #expect(try probe.socket.takeAll().isEmpty)
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 143)
    }

    /// The gateway drains, and its loops know it.
    private func awaitClosedDoors(_ gateway: GatewayProcess) throws {
        #expect(gateway.logLine(saying: "draining") != nil)
        _ = try eventually("new connections are refused") { () -> Bool? in
            do {
                _ = try RawSocket(port: gateway.port)
                return nil
            } catch {
                return true
            }
        }
    }

    @Test func readinessIsWithdrawnOnAConnectionThatIsKept() throws {
        let gateway = try GatewayProcess(#""drain": { "spread": 600, "deadline": 600 }"#)
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/readyz")
        #expect(try probe.answer().status == 200)
        gateway.signal(SIGINT)
        // The gateway may say goodbye to it, as to any connection, at a random moment of ten minutes.
        try awaitClosedDoors(gateway)
        try probe.send("GET", "/readyz")
        let answer = try probe.answer()
        #expect(answer.status == 503)
        #expect(answer.code == "draining")
        #expect(answer.closes)
        #expect(try probe.socket.takeAll().isEmpty)
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 143)
    }

    @Test func stragglersAreCutAtTheDeadline() throws {
        let gateway = try GatewayProcess(#""drain": { "spread": 0, "deadline": 0.5 }"#)
        let publisher = try HTTPProbe(gateway)
        try publisher.send(
            "POST", "/publish", ["Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"])
        let silent = try WebSocketProbe("", [], gateway)
        _ = try silent.next("welcome")
        gateway.signal(SIGTERM)
        #expect(try gateway.exitStatus() == 0)
    }

    /// Updates published before the signal come before the goodbye, or its cursor does not cover them.
    @Test(arguments: Transport.allCases) func theGoodbyesCursorVouchesForNothingUnsent(transport: Transport)
        throws
    {
        let gateway = try GatewayProcess(#""threads": 1, "drain": { "spread": 0, "deadline": 20 }"#)
        let cursor = try Transport.poll.read("late/a", on: gateway).cursor
        let publisher = try HTTPProbe(gateway)
        switch transport {
        case .webSocket:
            let probe = try WebSocketProbe("topics=late/a", [], gateway)
            _ = try probe.snapshot()
            try publisher.send("PUT", "/topics/late/a", body: "1")
            #expect(try publisher.answer().status == 200)
            gateway.signal(SIGTERM)
            #expect(try probe.updates { _ in true }.count == 1)
            _ = try probe.next("goodbye")
            probe.socket.close()
        case .eventStream:
            let probe = try EventStreamProbe("topics=late/a", [], gateway)
            _ = try probe.snapshot()
            try publisher.send("PUT", "/topics/late/a", body: "1")
            #expect(try publisher.answer().status == 200)
            gateway.signal(SIGTERM)
            #expect(try probe.updates { _ in true }.count == 1)
            _ = try probe.next("goodbye")
            probe.http.socket.close()
        case .poll:
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/poll?topics=late/a&cursor=\(cursor)&wait=60")
            try publisher.send("PUT", "/topics/late/a", body: "1")
            #expect(try publisher.answer().status == 200)
            gateway.signal(SIGTERM)
            #expect(try probe.answer().json["updates"].list.count == 1)
            probe.socket.close()
        }
        publisher.socket.close()
        #expect(try gateway.exitStatus() == 0)
    }
}
