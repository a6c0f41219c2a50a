import Access
import Broker
import Primitives
import Testing

@testable import Gateway

/// A connection may do what its principal may: asked at the four doors.
@Suite struct RightsTests {
    private func stage() throws -> FrontEndStage {
        var rights = Rights()
        rights.subscribe = .within([try TopicPattern("stocks/*"), try TopicPattern("host/**")])
        rights.publish = .within([try TopicPattern("stocks/*")])
        return FrontEndStage(rights: rights)
    }

    private func status(_ answer: String) -> String { String(answer.dropFirst("HTTP/1.1 ".count).prefix(3)) }

    private func get(_ stage: FrontEndStage, _ target: String, _ fields: String = "") -> String {
        stage.receive("GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
    }

    private func post(_ stage: FrontEndStage, _ body: String) -> String {
        stage.receive(
            "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    @Test(arguments: [
        ("stocks/ACME", "200"), ("stocks/*", "200"), ("host/cpu,host/**", "200"), ("**", "403"),
        ("stocks/**", "403"), ("*/ACME", "403"), ("stocks/ACME,fx/EUR", "403"), ("host", "403"),
    ])
    func asksWhoSubscribes(topics: String, expected: String) throws {
        #expect(status(get(try stage(), "/sse?topics=\(topics)")) == expected)
        #expect(status(get(try stage(), "/poll?topics=\(topics)")) == expected)
        let upgrade =
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        let answer = status(get(try stage(), "/ws?topics=\(topics)", upgrade))
        #expect(answer == (expected == "200" ? "101" : "403"))
    }

    /// Names are compared byte for byte, once decoded: no other spelling of a right is that right, nor more than it.
    @Test(arguments: [
        // More than what is granted, said in another way.
        "a/**", "a/*/**", "**", "*/x", "*/*", "a", "a%2F**", "a/%2A%2A", "a%2F%2A%2F%2A", "a/x%2Fy", "a,b",
        // Encoded twice it is one strange segment.
        "a%252Fx", "%2561/x",
        // Another case; the same letter composed, decomposed and compatible; slashes and letters that look alike; what is not seen.
        "A/x", "e%CC%81/x", "%C3%89/x", "%EF%BD%81/x", "a%E2%88%95x", "a%EF%BC%8Fx", "%D0%B0/x",
        "a%E2%80%8B/x", "%EF%BB%BFa/x",
        // Slashes too many, dots, and what is no text.
        "a/x/", "/a/x", "a//x", "a/", "a/x//", "a/./x", "a/../b", "a/..", "a%00/x", "a/x%00", "a%C0%AFx",
        "%61%ff/x",
        "a/x%20", "a/x%0A", "a+/x",
    ])
    func noSpellingGainsARight(spelled: String) throws {
        var rights = Rights()
        rights.subscribe = .within([try TopicPattern("a/*"), try TopicPattern("\u{E9}/*")])
        rights.publish = rights.subscribe
        func answer(_ request: String) -> String { status(FrontEndStage(rights: rights).receive(request)) }
        for path in [
            "/poll?wait=0&topics=\(spelled)", "/sse?topics=\(spelled)", "/topics/\(spelled)",
            "/topics?match=\(spelled)",
        ] {
            let answer = answer("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(["400", "403"].contains(answer), "\(path): \(answer)")
        }
        let put = answer("PUT /topics/\(spelled) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1")
        #expect(["400", "403"].contains(put), "PUT \(spelled): \(put)")
        // What is granted is, spelled as it is.
        for right in ["a/x", "%61/x", "a%2Fx", "%C3%A9/x"] {
            #expect(answer("GET /poll?wait=0&topics=\(right) HTTP/1.1\r\nHost: x\r\n\r\n") == "200")
        }
    }

    /// The same in a message, where JSON escapes stand in place of percent signs.
    @Test(arguments: [
        #"a\/**"#, #"\u0061/**"#, #"a/\u002a\u002a"#, #"a\u002fx\u002fy"#, #"\u0041/x"#, #"e\u0301/x"#,
        #"\ud800/x"#, #"a/x\u0000"#, "a%2Fx",
    ])
    func noEscapeGainsARight(spelled: String) throws {
        var rights = Rights()
        rights.subscribe = .within([try TopicPattern("a/*"), try TopicPattern("\u{E9}/*")])
        let stage = FrontEndStage(rights: rights)
        _ = get(
            stage, "/ws",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        let refused = stage.receive(message: #"{"type":"subscribe","id":1,"topics":["\#(spelled)"]}"#)
        #expect(
            ["forbidden", "invalid_topic", "invalid_json"].contains { refused.contains($0) }, "\(refused)")
        let granted = stage.receive(
            message: #"{"type":"subscribe","id":2,"topics":["\u0061\/x","\u00e9/x"]}"#)
        #expect(granted.contains(#""type":"subscribed","id":2"#), "\(granted)")
    }

    @Test func namesWhatIsRefusedAndRefusesAll() throws {
        let stage = try stage()
        _ = get(
            stage, "/ws",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        let answer = stage.receive(
            message: #"{"type":"subscribe","id":1,"topics":["stocks/A","fx/*"]}"#)
        #expect(answer.contains(#""id":1,"code":"forbidden""#) && answer.contains(#""topics":["fx/*"]"#))
        let subscriber = try #require(stage.frontEnd.reader?.id)
        #expect(stage.work.replica.subscriptionCount(of: subscriber) == 0)
    }

    @Test func asksWhoPublishes() throws {
        let stage = try stage()
        #expect(status(post(stage, #"{"topic":"stocks/A","data":1}"#)) == "200")
        let refused = post(stage, #"[{"topic":"stocks/B","data":1},{"topic":"host/x","data":2}]"#)
        #expect(status(refused) == "403" && refused.contains(#""topics":["host/x"]"#))
        // The whole batch is refused.
        #expect(status(get(stage, "/topics/stocks/B")) == "404")
        #expect(
            status(stage.receive("DELETE /topics/host/x HTTP/1.1\r\nHost: x\r\n\r\n")) == "403")
    }

    @Test func asksWhoReadsValuesAndListings() throws {
        let stage = try stage()
        #expect(status(get(stage, "/topics/stocks/A")) == "404")
        #expect(status(get(stage, "/topics/fx/A")) == "403")
        #expect(status(get(stage, "/topics")) == "403")
        #expect(status(get(stage, "/topics?match=**")) == "403")
        #expect(status(get(stage, "/topics?match=host/**")) == "200")
        #expect(status(get(stage, "/log?topic=stocks/A")) == "404")
        #expect(status(get(stage, "/log?topic=fx/A")) == "403")
    }

    @Test func asksWhoOperates() throws {
        let stage = try stage()
        for page in ["/metrics", "/stats", "/connections", "/nodes"] {
            #expect(status(get(stage, page)) == "403")
        }
        for page in ["/healthz", "/readyz"] { #expect(status(get(stage, page)) != "403") }
    }

    @Test func anonymousMayDoEverything() {
        let stage = FrontEndStage()
        for page in ["/metrics", "/topics", "/poll?topics=**"] {
            #expect(status(get(stage, page)) == "200")
        }
    }
}
