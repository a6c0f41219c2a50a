/// All connections are taken: whoever else comes is told so, in a way that does not keep them away for good.
import Testing

@Suite struct FullGatewayTests {
    @Test func whoFindsNoRoomIsToldWhenToComeBack() throws {
        let gateway = try GatewayProcess(#""http": { "connections": 3 }"#)
        var held: [HTTPProbe] = []
        for _ in 0..<3 {
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/healthz")
            #expect(try probe.answer().status == 200)
            held.append(probe)
        }
        let stream = try HTTPProbe(gateway)
        try stream.send("GET", "/sse?topics=a")
        let goodbye = try stream.answer()
        #expect(goodbye.status == 200 && goodbye.closes)
        #expect(
            try #/retry: \d+\nevent: goodbye\ndata: {"reason":"overloaded",.*}\n\n/#.wholeMatch(
                in: goodbye.text) != nil)
        stream.socket.close()
        let refused = try HTTPProbe.ask("GET", "/poll?topics=a", on: gateway)
        #expect(refused.status == 503 && refused.code == "overloaded")
        #expect((1...6).contains(refused.field("Retry-After").flatMap { Int($0) } ?? 0))
        // Those who are in are served as ever, and their place is the next one's.
        try held[0].send("GET", "/topics?limit=1")
        #expect(try held[0].answer().status == 200)
        held[2].socket.close()
        _ = try eventually("there is room") { () -> Bool? in
            try HTTPProbe.ask("GET", "/healthz", on: gateway).status == 200 ? true : nil
        }
    }
}
