/// HTTP/1.1 by RFC 9112, over real sockets: accepted requests, refused ones, and the state of the connection
/// afterwards.
import Foundation
import Testing

@Suite struct HTTPTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let status: Int
        var testDescription: String { name }
    }

    private static func post(_ name: String, _ fields: String, _ body: String = "", _ status: Int = 400)
        -> Refused
    {
        Refused(
            name: name, text: "POST /publish HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n\(body)",
            status: status)
    }

    /// Behind each is a request that would publish if a parser mistook it for one.
    static let smuggling = [
        post("two lengths", "Content-Length: 4\r\nContent-Length: 5", "null"),
        post("two equal lengths", "Content-Length: 4\r\nContent-Length: 4", "null"),
        post("a list of lengths", "Content-Length: 4, 4", "null"),
        post("length and chunked", "Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        post("chunked and length", "Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n"),
        post("chunked is not last", "Transfer-Encoding: chunked, gzip", "0\r\n\r\n"),
        post("bare line feed", "X: a\nContent-Length: 4", "null"),
        post("folded line", "X: a\r\n b", ""),
        post("space before the colon", "Content-Length : 4", "null"),
        post("signed length", "Content-Length: +4", "null"),
        post("no host twice", "Host: b", ""),
        post("bare LF in a chunk size", "Transfer-Encoding: chunked", "4\nnull\r\n0\r\n\r\n"),
        post("chunk size too large", "Transfer-Encoding: chunked", "ffffffffffffffff1\r\n"),
        post("chunk without its end", "Transfer-Encoding: chunked", "4\r\nnullxx"),
        post("NUL in a field", "X: a\0b"),
        post("unknown coding", "Transfer-Encoding: gzip", "", 501),
    ]

    static let refused =
        smuggling + [
            Refused(name: "no host", text: "GET / HTTP/1.1\r\n\r\n", status: 400),
            Refused(name: "version 2.0", text: "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", status: 505),
            Refused(name: "preface of HTTP/2", text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 505),
            Refused(
                name: "long URL",
                text: "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: localhost\r\n\r\n",
                status: 414),
            Refused(
                name: "large fields",
                text:
                    "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 33_000))\r\n\r\n",
                status: 431),
            Refused(
                name: "many fields",
                text: "GET / HTTP/1.1\r\nHost: localhost\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n",
                status: 431),
            Refused(
                name: "expectation",
                text: "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: tea\r\n\r\n",
                status: 417),
            Refused(name: "binary", text: "\u{16}\u{03}\u{01}\u{00}", status: 400),
        ]

    @Test(arguments: refused) func aMalformedRequestIsAnsweredAndTheConnectionClosed(refused: Refused) throws
    {
        let topic = "smuggled/\(abs(refused.name.hashValue))"
        let probe = try HTTPProbe()
        try probe.socket.send(refused.text + HTTPProbe.request("PUT", "/topics/\(topic)", body: "1"))
        let answer = try probe.answer()
        #expect(answer.status == refused.status)
        #expect(answer.closes)
        #expect(answer.field("Content-Type") == "application/problem+json")
        #expect(answer.code?.isEmpty == false)
        #expect(try probe.socket.takeAll().isEmpty)
        #expect(!probe.socket.wasReset)
        #expect(try HTTPProbe.ask("GET", "/topics/\(topic)").status == 404)
    }

    struct Status: Sendable, CustomTestStringConvertible {
        let method: String
        let target: String
        var fields: [String] = []
        var body: String?
        let status: Int
        let code: String
        var allow: String?
        var testDescription: String { "\(method) \(target) \(fields)" }
    }

    static let statuses = [
        Status(
            method: "POST", target: "/healthz", status: 405, code: "method_not_allowed",
            allow: "GET, HEAD, OPTIONS"),
        Status(
            method: "GET", target: "/publish", status: 405, code: "method_not_allowed", allow: "POST, OPTIONS"
        ),
        Status(
            method: "POST", target: "/topics/a", body: "1", status: 405, code: "method_not_allowed",
            allow: "GET, HEAD, PUT, DELETE, OPTIONS"),
        Status(
            method: "PUT", target: "/topics", body: "1", status: 405, code: "method_not_allowed",
            allow: "GET, HEAD, OPTIONS"),
        Status(
            method: "PUT", target: "/sse?topics=a", body: "1", status: 405, code: "method_not_allowed",
            allow: "GET, HEAD, POST, QUERY, OPTIONS"),
        Status(
            method: "QUERY", target: "/topics", body: "{}", status: 405, code: "method_not_allowed",
            allow: "GET, HEAD, OPTIONS"),
        Status(method: "POST", target: "/sse", status: 400, code: "bad_request"),
        Status(method: "QUERY", target: "/poll", body: "[]", status: 400, code: "bad_request"),
        Status(
            method: "POST", target: "/poll", fields: ["Content-Length: 2604097"], status: 413,
            code: "payload_too_large"),
        Status(method: "PATCH", target: "/topics/a", status: 501, code: "bad_request"),
        Status(method: "get", target: "/healthz", status: 501, code: "bad_request"),
        Status(method: "PUT", target: "/topics/a", status: 411, code: "bad_request"),
        Status(method: "POST", target: "/publish", status: 411, code: "bad_request"),
        Status(
            method: "PUT", target: "/topics/a", fields: ["Content-Length: 65537"], status: 413,
            code: "payload_too_large"),
        Status(
            method: "POST", target: "/publish", fields: ["Content-Length: 262145"], status: 413,
            code: "payload_too_large"),
        Status(
            method: "PUT", target: "/topics/a", fields: ["Content-Type: text/xml"], body: "<a/>", status: 415,
            code: "bad_request"),
        Status(
            method: "PUT", target: "/topics/a", fields: ["Content-Encoding: gzip"], body: "1", status: 415,
            code: "bad_request"),
        Status(method: "GET", target: "/ws", status: 426, code: "bad_request"),
        Status(
            method: "GET", target: "/ws",
            fields: [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ],
            status: 426, code: "bad_request"),
        Status(
            method: "GET", target: "/ws",
            fields: [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: short",
            ],
            status: 400, code: "bad_request"),
        Status(method: "GET", target: "/none", status: 404, code: "not_found"),
        Status(method: "GET", target: "/topics/a%zz", status: 400, code: "bad_request"),
    ]

    @Test(arguments: statuses) func aRefusalHasItsStatus(status: Status) throws {
        let answer = try HTTPProbe.ask(status.method, status.target, status.fields, body: status.body)
        #expect(answer.status == status.status)
        #expect(answer.code == status.code)
        #expect(answer.json["status"].int == status.status)
        #expect(answer.field("Allow") == status.allow)
        if status.status == 426 {
            #expect(answer.field("Upgrade") == "websocket")
            #expect(answer.field("Sec-WebSocket-Version") == "13")
            #expect(answer.fields.contains { $0.name == "Connection" && $0.value == "Upgrade" })
        }
    }

    @Test func optionsNameTheMethods() throws {
        for (target, allow) in [
            ("*", "GET, HEAD, POST, PUT, DELETE, QUERY, OPTIONS"), ("/publish", "POST, OPTIONS"),
            ("/topics/a", "GET, HEAD, PUT, DELETE, OPTIONS"), ("/topics", "GET, HEAD, OPTIONS"),
            ("/sse", "GET, HEAD, POST, QUERY, OPTIONS"), ("/poll", "GET, HEAD, POST, QUERY, OPTIONS"),
        ] {
            let answer = try HTTPProbe.ask("OPTIONS", target)
            #expect(answer.status == 204)
            #expect(answer.field("Allow") == allow)
        }
    }

    @Test func aConnectionServesManyRequestsInOrder() throws {
        let probe = try HTTPProbe()
        for number in 1...5 {
            try probe.send("PUT", "/topics/keep/a", body: "\(number)")
            let answer = try probe.answer()
            #expect(answer.json["version"].int == number)
            #expect(!answer.closes)
        }
        var text = ""
        for number in 1...50 {
            text += HTTPProbe.request("PUT", "/topics/keep/b", body: "\(number)")
            text += HTTPProbe.request("GET", "/topics/keep/b")
        }
        text += HTTPProbe.request("HEAD", "/topics/keep/b") + HTTPProbe.request("GET", "/none")
        try probe.socket.send("\r\n" + text)
        for number in 1...50 {
            #expect(try probe.answer().json["version"].int == number)
            #expect(try probe.answer().json["data"].int == number)
        }
        #expect(try probe.answer(toHead: true).status == 200)
        #expect(try probe.answer().status == 404)
    }

    /// Many large answers to few bytes: the gateway must not make an answer before it can send it.
    @Test func pipelinedListingsDoNotFillTheMemory() throws {
        let gateway = try GatewayProcess(#""threads": 1"#)
        let value = "\"" + String(repeating: "x", count: 10_000) + "\""
        for part in 0..<4 {
            let list = (0..<25).map { "{\"topic\":\"big/\(part)-\($0)\",\"data\":\(value)}" }
            try HTTPProbe.ask("POST", "/publish", body: "[\(list.joined(separator: ","))]", on: gateway)
        }
        let before = gateway.residentByteCount
        let probe = try HTTPProbe(gateway)
        let count = 300
        try probe.socket.send(
            String(repeating: HTTPProbe.request("GET", "/topics?match=big/*"), count: count))
        // The client asks for 75 MB of answers; meanwhile the gateway serves another connection.
        #expect(try HTTPProbe.ask("GET", "/healthz", on: gateway).status == 200)
        // Measured: 1 MB: one answer in flight, and the memory that it was made in.
        #expect(gateway.residentByteCount - before < 6_000_000)
        for _ in 0..<20 { #expect(try probe.answer().json["updates"].list.count > 20) }
        probe.socket.reset()
    }

    @Test func pipelinedAnswersAllComeHoweverLargeTheyAre() throws {
        let value = "\"" + String(repeating: "x", count: 60_000) + "\""
        try HTTPProbe.put("pipelarge/a", value)
        let probe = try HTTPProbe()
        let pair = HTTPProbe.request("GET", "/topics/pipelarge/a") + HTTPProbe.request("GET", "/healthz")
        try probe.socket.send(String(repeating: pair, count: 40))
        probe.socket.endWriting()
        for _ in 0..<40 {
            #expect(try probe.answer().body.count > 60_000)
            #expect(try probe.answer().text == "ok\n")
        }
        #expect(try probe.socket.takeAll().isEmpty)
    }

    @Test func aConnectionEndsWhenThatIsAskedFor() throws {
        let probe = try HTTPProbe()
        try probe.send("GET", "/healthz", ["Connection: close"])
        #expect(try probe.answer().closes)
        #expect(try probe.socket.takeAll().isEmpty)
        let old = try HTTPProbe()
        try old.send("GET", "/healthz", version: "HTTP/1.0")
        #expect(try old.answer().status == 200)
        #expect(try old.socket.takeAll().isEmpty)
    }

    @Test func anOldClientMayKeepItsConnection() throws {
        let probe = try HTTPProbe()
        for _ in 0..<2 {
            try probe.send("GET", "/healthz", ["Connection: keep-alive"], version: "HTTP/1.0")
            #expect(try probe.answer().field("Connection") == "keep-alive")
        }
    }

    @Test func aBodyThatNobodyWantsIsReadOver() throws {
        let probe = try HTTPProbe()
        try probe.send("GET", "/healthz", body: HTTPProbe.request("PUT", "/topics/over/a", body: "1"))
        #expect(try probe.answer().text == "ok\n")
        try probe.send("GET", "/topics/over/a")
        #expect(try probe.answer().status == 404)
    }

    /// One request gets one answer, even if its unwanted body turns out too large or broken.
    @Test func aRequestIsNeverAnsweredTwice() throws {
        for body in ["Content-Length: 300000", "Transfer-Encoding: chunked"] {
            let probe = try HTTPProbe()
            try probe.send("GET", "/healthz", [body])
            if body.hasPrefix("T") { try probe.socket.send("nonsense\r\n") }
            #expect(try probe.answer().text == "ok\n")
            _ = probe.socket.sendWithoutWaiting([UInt8](repeating: 0x20, count: 300_000))
            #expect(try probe.socket.takeAll().isEmpty)
        }
    }

    @Test func anAnswerToARequestAfterAHeadHasItsBody() throws {
        let probe = try HTTPProbe()
        try probe.send("HEAD", "/healthz")
        #expect(try probe.answer(toHead: true).status == 200)
        try probe.socket.send("nonsense\r\n\r\n")
        let answer = try probe.answer()
        #expect(answer.status == 400)
        #expect(answer.code == "bad_request")
    }

    // MARK: Bodies

    @Test func continueIsSaidBeforeTheBody() throws {
        let probe = try HTTPProbe()
        try probe.send("PUT", "/topics/expect/a", ["Expect: 100-continue", "Content-Length: 2"])
        #expect(try probe.head().status == 100)
        try probe.socket.send("42")
        #expect(try probe.answer().status == 200)
        // The refusal comes before the body was sent. The client will not send it, and the next bytes are no body.
        for target in ["/topics/a//b", "/healthz"] {
            let refused = try HTTPProbe()
            try refused.send("PUT", target, ["Expect: 100-continue", "Content-Length: 2"])
            let answer = try refused.answer()
            #expect(answer.status >= 400)
            #expect(answer.closes)
        }
        let unneeded = try HTTPProbe()
        try unneeded.send("GET", "/healthz", ["Expect: 100-continue", "Content-Length: 2"])
        let answer = try unneeded.answer()
        #expect(answer.status == 200)
        #expect(answer.closes)
    }

    @Test func chunkedBodiesArePutTogether() throws {
        let probe = try HTTPProbe()
        try probe.send("PUT", "/topics/chunked/a", ["Transfer-Encoding: chunked"])
        for byte in "6\r\n[1,2,3\r\n1;name=\"v;\"\r\n]\r\n0\r\nX: y\r\n\r\n".utf8 {
            try probe.socket.send([byte])
        }
        #expect(try probe.answer().json["version"].int == 1)
        #expect(try HTTPProbe.ask("GET", "/topics/chunked/a").json["data"].list.count == 3)
    }

    @Test func aChunkedBodyHasALimit() throws {
        let probe = try HTTPProbe()
        try probe.send("PUT", "/topics/chunked/b", ["Transfer-Encoding: chunked"])
        try probe.socket.send("10001\r\n")
        #expect(try probe.answer().status == 413)
        #expect(try probe.socket.takeAll().isEmpty)
    }

    /// The kernel may cut the request anywhere: the answer must not depend on it.
    @Test func aRequestMayBeCutAnywhere() throws {
        let text = Array(HTTPProbe.request("PUT", "/topics/cut/a", body: #"{"a":[1,2]}"#).utf8)
        let probe = try HTTPProbe()
        for cut in 0...text.count {
            try probe.socket.send(Array(text[..<cut]))
            try probe.socket.send(Array(text[cut...]))
            #expect(try probe.answer().json["version"].int == cut + 1)
        }
        for byte in text { try probe.socket.send([byte]) }
        #expect(try probe.answer().status == 200)
    }

    // MARK: Time

    @Test func whoIsTooSlowIsTold() throws {
        let gateway = try GatewayProcess(
            #""http": { "headTimeout": 0.3, "bodyTimeout": 0.3, "idleTimeout": 0.3 }"#)
        let head = try HTTPProbe(gateway)
        try head.socket.send("GET / HTTP/1.1\r\nHo")
        #expect(try head.answer().status == 408)
        #expect(try head.socket.takeAll().isEmpty)
        let body = try HTTPProbe(gateway)
        try body.send("PUT", "/topics/slow/a", ["Content-Length: 5"])
        #expect(try body.answer().status == 408)
        // Dripping a head byte by byte must not help.
        let drip = try HTTPProbe(gateway)
        var bytes = Array(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 8000))".utf8)[...]
        while !bytes.isEmpty, drip.socket.sendWithoutWaiting([bytes.removeFirst()]) == 1 {
            if drip.socket.hasInput { break }
            usleep(2_000)
        }
        #expect(try drip.answer().status == 408)
        let idle = try HTTPProbe(gateway)
        #expect(try idle.socket.takeAll().isEmpty)
    }

    /// A poll that waits longer than `idleTimeout` must not cost the connection.
    @Test func aPollDoesNotUseUpTheIdleTime() throws {
        let gateway = try GatewayProcess(#""http": { "idleTimeout": 0.9 }"#)
        let cursor = try Transport.poll.read("idle/a", on: gateway).cursor
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/poll?topics=idle/a&cursor=\(cursor)&wait=1")
        #expect(try probe.answer().status == 200)
        #expect(try EventStreamProbe("topics=a&heartbeat=1", [], gateway).snapshot().updates.isEmpty)
        try probe.send("GET", "/healthz")
        #expect(try probe.answer().status == 200)
    }

    @Test func longRequestLinesThatTheSettingsAllowAreRead() throws {
        let gateway = try GatewayProcess(#""http": { "requestLineBytes": 300000 }"#)
        let topics = (0..<5000).map { "long/topic-number-\($0)" }.joined(separator: ",")
        let answer = try HTTPProbe.ask("GET", "/poll?topics=\(topics)&wait=0", on: gateway)
        #expect(answer.status == 200)
        let refused = try HTTPProbe.ask("GET", "/" + String(repeating: "a", count: 300_000), on: gateway)
        #expect(refused.status == 414)
    }
}
