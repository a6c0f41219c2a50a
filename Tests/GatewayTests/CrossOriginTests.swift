import HTTP
import Primitives
import Testing

@testable import Gateway

/// What an answer says to the browser of a page of another origin, whenever its head is made.
@Suite struct CrossOriginTests {
    private static let sharing =
        "Vary: Origin\r\nAccess-Control-Allow-Origin: https://app.example\r\n"
        + "Access-Control-Expose-Headers: ETag, Retry-After\r\n"

    private func stage(_ updates: SlowLog? = nil) throws -> FrontEndStage {
        let pattern = try OriginPattern("https://app.example")
        return FrontEndStage(updates: updates) { $0.access.origins = [pattern] }
    }

    private func request(
        _ method: String, _ target: String, _ fields: String = "", origin: String = "https://app.example",
        body: String? = nil
    ) -> String {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        return
            "\(method) \(target) HTTP/1.1\r\nHost: x\r\nOrigin: \(origin)\r\n\(fields)\(length)\r\n\(body ?? "")"
    }

    @Test(arguments: [
        ("GET", "/topics/a", "200"), ("HEAD", "/topics/a", "200"), ("GET", "/topics/none", "404"),
        ("GET", "/topics/a%", "400"), ("DELETE", "/topics/none", "404"), ("POST", "/topics/a", "405"),
        ("PUT", "/topics/a", "411"), ("PATCH", "/topics/a", "501"), ("POST", "/sse", "400"),
        ("QUERY", "/poll?topics=a", "200"), ("GET", "/sse?topics=a", "200"),
        ("GET", "/poll?topics=a", "200"), ("GET", "/ws", "426"), ("GET", "/stats", "200"),
        ("GET", "/nothing", "404"),
        ("OPTIONS", "/topics/a", "204"),
    ])
    func everyAnswerCanBeRead(method: String, target: String, status: String) throws {
        let stage = try stage()
        try stage.publish("a", "1")
        let answer = stage.receive(request(method, target))
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.contains(Self.sharing))
    }

    @Test func anAnswerWithNothingNewCanBeRead() throws {
        let stage = try stage()
        let tag = try #require(
            stage.receive(request("GET", "/poll?topics=a")).firstMatch(of: /ETag: ("[^"]+")/)
        )
        .output.1
        let answer = stage.receive(request("GET", "/poll?topics=a&wait=0", "If-None-Match: \(tag)\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 304 ") && answer.contains(Self.sharing))
    }

    @Test func anAnswerThatWaitedCanBeRead() throws {
        let stage = try stage()
        let first = stage.receive(request("GET", "/poll?topics=a"))
        let cursor = try #require(first.firstMatch(of: /"cursor":"([^"]+)"/)).output.1
        #expect(stage.receive(request("GET", "/poll?topics=a&cursor=\(cursor)")).isEmpty)
        try stage.publish("a", "1")
        #expect(stage.flush().contains(Self.sharing))
    }

    @Test func anOutcomeThatCameLateCanBeRead() throws {
        let log = SlowLog()
        let stage = try stage(log)
        #expect(stage.receive(request("PUT", "/topics/a", body: "1")).isEmpty)
        log.decide()
        let answer = stage.deliver()
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains(Self.sharing))
        // It was said of that request alone.
        #expect(!stage.receive("GET /topics/a HTTP/1.1\r\nHost: x\r\n\r\n").contains("Access-Control"))
    }

    @Test func aBodyThatCameLateIsRefusedReadably() throws {
        let stage = try stage()
        #expect(stage.receive(request("PUT", "/topics/a", "Content-Length: 5\r\n")).isEmpty)
        let answer = stage.pass(.seconds(30))
        #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains(Self.sharing))
    }

    @Test func aWebSocketNeedsNoLeaveToBeRead() throws {
        let upgrade =
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        let answer = try stage().receive(request("GET", "/ws", upgrade))
        #expect(
            answer.hasPrefix("HTTP/1.1 101 ") && !answer.contains("Access-Control")
                && !answer.contains("Vary"))
        let refused = try stage().receive(request("GET", "/ws", upgrade, origin: "http://evil.example"))
        #expect(refused.hasPrefix("HTTP/1.1 403 ") && refused.contains(#""code":"forbidden""#))
    }

    @Test func aPreflightIsToldWhatIsKnownHereAndNoMore() throws {
        let asked =
            "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type,x-evil\r\n"
        let answer = try stage().receive(request("OPTIONS", "/topics/a", asked))
        #expect(answer.hasPrefix("HTTP/1.1 204 "))
        #expect(answer.contains("Access-Control-Allow-Methods: GET, HEAD, PUT, DELETE, OPTIONS\r\n"))
        #expect(
            answer.contains(
                "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer\r\n"
            ))
        #expect(answer.contains("Access-Control-Max-Age: 7200\r\n"))
        #expect(answer.contains(Self.sharing))
        #expect(
            !answer.contains("Private-Network") && !answer.contains("Credentials") && !answer.contains("evil")
        )
        let fromOutside = "\(asked)Access-Control-Request-Private-Network: true\r\n"
        #expect(
            try stage().receive(request("OPTIONS", "/publish", fromOutside))
                .contains("Access-Control-Allow-Private-Network: true\r\n"))
    }

    @Test func whoIsNoPageElsewhereIsToldItsMethodsAlone() throws {
        let asked = "Access-Control-Request-Method: GET\r\n"
        for origin in ["http://x", "http://evil.example"] {
            let answer = try stage().receive(request("OPTIONS", "/healthz", asked, origin: origin))
            #expect(answer.hasPrefix("HTTP/1.1 204 ") && answer.contains("Allow: GET, HEAD, OPTIONS\r\n"))
            #expect(!answer.contains("Access-Control"))
        }
    }

    /// Caches must keep the answers apart as soon as they differ.
    @Test func answersVaryWhereOriginsAreLetIn() throws {
        let get = "GET /topics/none HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(try stage().receive(get).contains("Vary: Origin\r\n"))
        #expect(!FrontEndStage().receive(get).contains("Vary"))
        for origin in ["http://x", "http://evil.example"] {
            let answer = try stage().receive(request("GET", "/healthz", origin: origin))
            #expect(answer.contains("Vary: Origin\r\n") && !answer.contains("Access-Control"))
        }
    }

    @Test func anAnswerKnowsItsOriginUntilItsHeadIsMade() throws {
        #expect(MemoryLayout<HTTP1Responder>.size <= 8)
        let stage = try stage()
        var response = HTTP1Responder.last
        response.share(with: Array("https://app.example".utf8))
        for isShared in [true, false] {
            response.answer(204, stage.connection, stage.work)
            #expect(stage.said().contains("Access-Control-Allow-Origin") == isShared)
        }
    }
}
