/// A backend that knows its users, and the real gateway that asks it.
import Foundation
import Testing

@Suite struct BackendTests {
    private static let ann =
        #"{"subject":"ann","expires":253402300799,"subscribe":["a/*"],"publish":["a/{subject}"],"operate":true}"#

    private static let filler = String(repeating: "x", count: 20_000)

    private static func backend() throws -> BackendProbe {
        try BackendProbe { head in
            func shows(_ word: String) -> Bool { head.contains(word) }
            if shows("session=ann") || shows("Bearer ann") { return .json(200, ann) }
            if shows("nobody") { return .json(204, "") }
            if shows("barred") { return .json(403, "") }
            if shows("broken") { return .json(500, "") }
            if shows("moved") {
                return .raw("HTTP/1.1 302 Found\r\nLocation: /ann\r\nContent-Length: 0\r\n\r\n")
            }
            if shows("garbage") { return .json(200, "<html>") }
            if shows("endless") { return .json(200, ann.dropLast() + #","more":"\#(filler)"}"#) }
            if shows("cut") { return .raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ann) }
            if shows("held") { return .held(ann) }
            return .json(401, "")
        }
    }

    private static func gateway(_ backend: String, _ more: String = "", _ members: String = "") throws
        -> GatewayProcess
    {
        try GatewayProcess(
            #""threads": 2, "drain": { "spread": 0 }, "access": { "anonymous": { "subscribe": ["public/*"] }, "failures": 0, "backend": { "url": "\#(backend)"\#(more) } }\#(members)"#
        )
    }

    private func ask(
        _ gateway: GatewayProcess, _ path: String, _ fields: String..., method: String = "GET",
        body: String? = nil
    ) throws -> HTTPAnswer {
        let probe = try HTTPProbe(gateway)
        try probe.send(method, path, fields, body: body)
        return try probe.answer()
    }

    private func metric(_ name: String, _ gateway: GatewayProcess) throws -> Int {
        let page = try ask(gateway, "/metrics", "Authorization: Bearer ann").text
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("\(name) ") })
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    private static let bearer = "Authorization: Bearer ann"
    private static let cookie = ["Cookie: session=ann", "Origin: http://localhost"]

    // MARK: Who it knows

    @Test func allTransportsAskOnce() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url)
        let socket = try WebSocketProbe("topics=a/*", Self.cookie, gateway)
        _ = try socket.snapshot()
        let stream = try HTTPProbe(gateway)
        try stream.send("GET", "/sse?topics=a/*", Self.cookie)
        _ = try stream.socket.take(through: "event: live")
        // Its own request asks for itself: other fields.
        let put = try ask(gateway, "/topics/a/ann", Self.bearer, method: "PUT", body: "7")
        #expect(put.status == 200)
        #expect(try socket.updates { _ in true }.first?["data"].int == 7)
        _ = try stream.socket.take(through: "\"data\":7")
        let poll = HTTPProbe.request("GET", "/poll?topics=a/*&wait=0", Self.cookie)
        let polling = try HTTPProbe(gateway)
        // Pipelined: the second waits for the first, and both are answered.
        try polling.socket.send(poll + poll)
        for _ in 0..<2 { #expect(try polling.answer().json["updates"].list.first?["data"].int == 7) }
        let heads = backend.heads
        #expect(heads.count == 2)
        #expect(heads[0].hasPrefix("GET /who?of=gateway HTTP/1.1\r\nHost: 127.0.0.1:\(backend.port)\r\n"))
        #expect(heads[0].contains("\r\nCookie: session=ann\r\n") && !heads[0].contains("Origin"))
        #expect(try metric("tidegate_backend_requests_total", gateway) == 2)
        #expect(try metric("tidegate_backend_remembered_total", gateway) >= 4)
        // What it says of rights holds.
        #expect(try ask(gateway, "/topics/b/x", Self.bearer).status == 403)
        #expect(try ask(gateway, "/topics/a/bob", Self.bearer, method: "PUT", body: "1").status == 403)
        let connections = try ask(gateway, "/connections", Self.bearer)
        #expect(!connections.text.contains("session=ann") && !gateway.logText.contains("session=ann"))
    }

    @Test func aBodyThatCameEarlyWaitsToo() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url)
        for word in ["expects", "sends"] {
            let probe = try HTTPProbe(gateway)
            let field = "Authorization: Bearer ann-\(word)"
            if word == "expects" {
                try probe.socket.send(
                    "PUT /topics/a/ann HTTP/1.1\r\nHost: localhost\r\n\(field)\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
                )
                #expect(try probe.head().status == 100)
                try probe.socket.send("42")
            } else {
                try probe.send("PUT", "/topics/a/ann", [field], body: "42")
            }
            #expect(try probe.answer().status == 200)
            // The connection goes on behind it.
            try probe.send("GET", "/topics/a/ann", [field])
            #expect(try probe.answer().json["data"].int == 42)
        }
    }

    /// A message that comes with the request for a WebSocket is there before it is known who sends it.
    @Test func aCommandThatCameEarlyWaitsToo() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url)
        let probe = try HTTPProbe(gateway)
        let request = HTTPProbe.request("GET", "/ws", WebSocketProbe.fields + Self.cookie)
        let command = WebSocketProbe.frame(1, Array(#"{"type":"subscribe","topics":["a/*"]}"#.utf8))
        try probe.socket.send(Array(request.utf8) + command)
        #expect(try probe.head().status == 101)
        _ = try probe.socket.take(through: #""type":"live""#)
    }

    // MARK: Whom it does not know

    @Test func aRefusalIsOne() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url)
        let unknown = try ask(gateway, "/topics/a/x", "Authorization: Bearer mallory")
        #expect(unknown.status == 401 && unknown.code == "unauthenticated")
        #expect(unknown.field("WWW-Authenticate") != nil)
        let barred = try ask(gateway, "/topics/a/x", "Authorization: Bearer barred")
        #expect(barred.status == 403 && barred.code == "forbidden")
        // It is asked again: who is unknown now may have logged in a moment later.
        _ = try ask(gateway, "/topics/a/x", "Authorization: Bearer mallory")
        #expect(backend.heads.count == 3)
        // Nobody in particular has the rights of strangers.
        #expect(try ask(gateway, "/topics?match=public/*", "Authorization: nobody").status == 200)
        #expect(try ask(gateway, "/topics/a/x", "Authorization: nobody").status == 401)
        // Who shows nothing is not asked about.
        let asked = backend.heads.count
        #expect(try ask(gateway, "/topics?match=public/*").status == 200)
        #expect(try ask(gateway, "/topics/a/x").status == 401)
        // A page of elsewhere makes browsers send cookies.
        #expect(try ask(gateway, "/topics?match=public/*", "Cookie: session=ann").status == 403)
        #expect(
            try ask(gateway, "/topics?match=a/*", "Cookie: session=ann", "Origin: http://evil.example").status
                == 403)
        #expect(backend.heads.count == asked)
        #expect(try metric(#"tidegate_credentials_refused_total{reason="backend"}"#, gateway) == 3)
        #expect(gateway.logText.contains("a credential was refused") && !gateway.logText.contains("mallory"))
    }

    @Test(arguments: ["broken", "moved", "garbage", "endless", "cut", "held"])
    func whatIsNoAnswerLetsNobodyIn(word: String) throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url, #", "timeout": 0.2"#)
        for path in ["/topics/a/x", "/topics?match=public/*", "/poll?topics=a/*"] {
            let answer = try ask(gateway, path, "Authorization: Bearer \(word)")
            #expect(answer.status == 503 && answer.code == "overloaded", "\(path)")
            #expect(answer.field("Retry-After") != nil)
        }
        // To an event source any status but 200 is the end for good.
        let stream = try HTTPProbe(gateway)
        try stream.send("GET", "/sse?topics=a/*", ["Authorization: Bearer \(word)"])
        #expect(try stream.head().status == 200)
        _ = try stream.socket.take(through: "event: ")
        #expect(try stream.socket.take(exactly: 7).elementsEqual("goodbye".utf8))
        _ = try stream.socket.take(through: "\"overloaded\"")
        #expect(throws: Fault.self) {
            try WebSocketProbe("", ["Authorization: Bearer \(word)"], gateway)
        }
        let line = try #require(gateway.logLine(saying: "the backend gave no answer"))
        #expect(JSON(line)["level"].string == "warning" && JSON(line)["reason"].string != nil)
        backend.letGo()
        #expect(try metric("tidegate_backend_failures_total", gateway) >= 1)
        // Nobody else is kept waiting, and nothing is left behind.
        #expect(try ask(gateway, "/topics?match=a/*", Self.bearer).status == 200)
    }

    @Test func oneThatIsAwayLetsNobodyIn() throws {
        let port = try BackendProbe { _ in .json(200, Self.ann) }.port
        // Nobody listens there any more.
        let gateway = try Self.gateway("http://127.0.0.1:\(port)/who")
        let answer = try ask(gateway, "/topics/a/x", Self.bearer)
        #expect(answer.status == 503 && answer.code == "overloaded")
        #expect(try ask(gateway, "/topics?match=public/*").status == 200)
        let line = try #require(gateway.logLine(saying: "the backend gave no answer"))
        #expect(line.contains("cannot connect"))
    }

    // MARK: Many at once

    @Test func theSameQuestionIsAskedOnce() throws {
        let backend = try Self.backend()
        // Nothing is remembered: it is asked once because all wait for one answer.
        let gateway = try Self.gateway(
            backend.url, #", "cache": 0, "timeout": 30"#, #", "operations": { "connections": "off" }"#)
        let probes = try (0..<30).map { _ in
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/topics?match=a/*", ["Authorization: Bearer held"])
            return probe
        }
        _ = try eventually("all wait") {
            let page = try ask(gateway, "/metrics", Self.bearer).text
            let line = page.split(separator: "\n").first { $0.hasPrefix("tidegate_requests_total ") }
            let count = line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
            return count - page.requestsOfItsOwn >= probes.count ? true : nil
        }
        backend.letGo()
        for probe in probes { #expect(try probe.answer().status == 200) }
        #expect(backend.heads.filter { $0.contains("held") }.count == 1)
    }

    @Test func oneWhoHasLeftIsNotAnswered() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url, #", "timeout": 30"#)
        for _ in 0..<20 {
            let probe = try HTTPProbe(gateway)
            try probe.send("GET", "/sse?topics=a/*", ["Authorization: Bearer held"])
            probe.socket.reset()
        }
        _ = try eventually("it is asked") { backend.heads.isEmpty ? nil : true }
        backend.letGo()
        #expect(try ask(gateway, "/topics?match=a/*", Self.bearer).status == 200)
    }

    @Test func aDrainDoesNotWaitForIt() throws {
        let backend = try Self.backend()
        let gateway = try Self.gateway(backend.url, #", "timeout": 30"#)
        let probe = try HTTPProbe(gateway)
        try probe.send("GET", "/topics?match=a/*", ["Authorization: Bearer held"])
        _ = try eventually("it is asked") { backend.heads.isEmpty ? nil : true }
        gateway.signal(SIGTERM)
        let answer = try probe.answer()
        #expect(answer.status == 503 && answer.code == "draining")
        #expect(try gateway.exitStatus() == 0)
    }

    // MARK: Other settings

    @Test func aReloadBringsAnother() throws {
        let (former, latter) = (try Self.backend(), try Self.backend())
        let members = #""threads": 2, "drain": { "spread": 0 }, "access": { "anonymous": {}, "#
        let gateway = try GatewayProcess(members + #""backend": { "url": "\#(former.url)" } }"#)
        let socket = try WebSocketProbe("topics=a/*", Self.cookie, gateway)
        _ = try socket.snapshot()
        // What else changes ends nobody.
        try gateway.write(
            members + #""failures": 5, "backend": { "url": "\#(former.url)", "timeout": 3, "cache": 5 } }"#)
        #expect(try ask(gateway, "/operations/reload", Self.bearer, method: "POST", body: "").status == 200)
        #expect(try ask(gateway, "/topics/a/ann", Self.bearer, method: "PUT", body: "1").status == 200)
        #expect(try socket.updates { _ in true }.first?["data"].int == 1)
        try gateway.write(members + #""backend": { "url": "\#(latter.url)" } }"#)
        let report = try ask(gateway, "/operations/reload", Self.bearer, method: "POST", body: "")
        #expect(report.json["changed"].list.map(\.string).contains("access.backend.url"))
        #expect(try socket.next("error")["code"].string == "unauthenticated")
        #expect(try socket.nextClose().closeCode == 1008)
        #expect(latter.heads.isEmpty)
        #expect(try ask(gateway, "/topics?match=a/*", Self.bearer).status == 200)
        #expect(latter.heads.count == 1)
    }

    @Test func itBeginsWithAReload() throws {
        let backend = try Self.backend()
        let gateway = try GatewayProcess(#""access": { "anonymous": {} }"#)
        #expect(try ask(gateway, "/topics?match=a/*", Self.bearer).status == 403)
        try gateway.write(#""access": { "anonymous": {}, "backend": { "url": "\#(backend.url)" } }"#)
        gateway.signal(SIGHUP)
        _ = gateway.logLine(saying: "the settings were read anew")
        _ = try eventually("it is asked") {
            try ask(gateway, "/topics?match=a/*", Self.bearer).status == 200 ? true : nil
        }
    }
}

extension String {
    /// How many requests the test that reads this page of figures has made to read it: each shows who it is, and asks.
    fileprivate var requestsOfItsOwn: Int {
        let line = split(separator: "\n").first { $0.hasPrefix("tidegate_backend_requests_total ") }
        return (line?.split(separator: " ").last.flatMap { Int($0) } ?? 0) - 1
    }
}
