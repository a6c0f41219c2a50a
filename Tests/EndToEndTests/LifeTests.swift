import Testing

/// How a connection ends that has lasted long enough, while the gateway stays.
@Suite struct LifeTests {
    @Test func readersAreAskedToComeBack() throws {
        let gateway = try GatewayProcess(
            #""subscribers": { "life": 0.5 }, "drain": { "reconnectSpread": 2, "spread": 0 }"#)
        try HTTPProbe.put("life/a", "1", on: gateway)
        let idle = try HTTPProbe(gateway)
        try idle.send("GET", "/readyz")
        #expect(try idle.answer().status == 200)
        let socket = try WebSocketProbe("topics=life/*", [], gateway)
        let stream = try EventStreamProbe("topics=life/*", [], gateway)

        let goodbye = try socket.next("goodbye")
        #expect(goodbye["reason"].string == "life")
        #expect((1000...3000).contains(goodbye["reconnectAfter"].int ?? -1))
        #expect(try socket.nextClose().closeCode == 1001)
        try socket.sendClose(1001)
        #expect(try socket.socket.takeAll().isEmpty)

        var reason: String?
        while let block = try stream.nextBlock() {
            if block.type == "goodbye" { reason = block.json["reason"].string }
        }
        #expect(reason == "life")
        #expect(try idle.socket.takeAll().isEmpty)
        // The gateway goes on, and whoever comes back is let in.
        #expect(try HTTPProbe.ask("GET", "/readyz", on: gateway).status == 200)
        socket.socket.close()
        stream.http.socket.close()
        _ = try eventually("all three are counted") { () -> Bool? in
            let page = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
            return page.contains(#"tidegate_connections_closed_total{reason="life"} 3"#) ? true : nil
        }
    }

    /// A stream of lines is cut by nobody: its publisher would have to ask which of them were taken.
    @Test func publishersStay() throws {
        let gateway = try GatewayProcess(#""subscribers": { "life": 0.2 }"#)
        let publisher = try HTTPProbe(gateway)
        try publisher.send(
            "POST", "/publish", ["Content-Type: application/x-ndjson", "Transfer-Encoding: chunked"])
        // Two readers live and go meanwhile.
        for _ in 0..<2 {
            let socket = try WebSocketProbe("topics=life/*", [], gateway)
            #expect(try socket.next("goodbye")["reason"].string == "life")
        }
        let line = #"{"topic":"life/b","data":1}"# + "\n"
        try publisher.socket.send("\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n0\r\n\r\n")
        #expect(try publisher.answer().status == 200)
    }
}
