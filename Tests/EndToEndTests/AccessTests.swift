/// A hostile page in somebody's browser, as far as a socket can tell, and an honest one elsewhere.
import Foundation
import Testing

@Suite struct AccessTests {
    struct Door: Sendable, CustomTestStringConvertible {
        let method: String
        let target: String
        var fields: [String] = []
        var body: String?
        var testDescription: String { "\(method) \(target)" }
    }

    static let doors = [
        Door(method: "GET", target: "/ws?topics=**", fields: WebSocketProbe.fields),
        Door(method: "GET", target: "/sse?topics=**"), Door(method: "GET", target: "/poll?topics=**"),
        Door(method: "GET", target: "/topics"), Door(method: "GET", target: "/topics/access/a"),
        Door(method: "HEAD", target: "/topics/access/a"),
        Door(method: "PUT", target: "/topics/access/a", body: "666"),
        Door(method: "DELETE", target: "/topics/access/a"),
        Door(
            method: "POST", target: "/publish", fields: ["Content-Type: text/plain"],
            body: #"{"topic":"access/a","data":666}"#),
        Door(method: "GET", target: "/connections"), Door(method: "GET", target: "/stats"),
        Door(method: "GET", target: "/metrics"), Door(method: "OPTIONS", target: "/publish"),
    ]

    static let gateway = started(#""access": { "origins": ["https://app.example", "http://localhost:*"] }"#)

    private static func started(_ members: String) -> GatewayProcess {
        do {
            return try GatewayProcess(members)
        } catch {
            fatalError("the gateway does not start: \(error)")
        }
    }

    private func ask(_ door: Door, _ fields: [String]) throws -> HTTPAnswer {
        let probe = try HTTPProbe(Self.gateway)
        try probe.send(door.method, door.target, door.fields + fields, body: door.body)
        return try probe.head()
    }

    @Test(arguments: doors) func aStrangersPageGetsNothing(door: Door) throws {
        for fields in [
            ["Origin: http://evil.example"], ["Origin: null"], ["Origin: https://app.example.evil.example"],
            ["Origin: http://app.example"], ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"],
            ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], ["Sec-Fetch-Site: same-site"],
            ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
        ] {
            let answer = try ask(door, fields)
            #expect(answer.status == 403, "\(fields)")
            #expect(answer.field("Content-Type") == "application/problem+json")
            #expect(answer.field("Access-Control-Allow-Origin") == nil)
            #expect(answer.field("Vary") == "Origin")
        }
    }

    @Test(arguments: doors) func everybodyElseIsLetIn(door: Door) throws {
        try HTTPProbe.put("access/a", "1", on: Self.gateway)
        for fields in [
            [], ["Origin: http://localhost"], ["Origin: https://localhost", "Sec-Fetch-Site: same-origin"],
            ["Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate"], ["Sec-Fetch-Site: same-origin"],
            ["Origin: https://app.example", "Sec-Fetch-Site: cross-site"], ["Origin: http://localhost:5173"],
        ] {
            #expect(![403, 421].contains(try ask(door, fields).status), "\(fields)")
        }
    }

    @Test(arguments: doors) func anAllowedPageMayReadTheAnswer(door: Door) throws {
        let answer = try ask(door, ["Origin: https://app.example"])
        guard answer.status != 101 else { return }
        #expect(answer.field("Access-Control-Allow-Origin") == "https://app.example")
        #expect(answer.field("Access-Control-Expose-Headers") == "ETag, Retry-After")
        #expect(answer.field("Vary") == "Origin")
        #expect(answer.field("Access-Control-Allow-Credentials") == nil)
    }

    @Test(arguments: doors + [Door(method: "GET", target: "/"), Door(method: "GET", target: "/healthz")])
    func aNameThatWasMadeToLeadHereIsRefused(door: Door) throws {
        let body = door.body ?? ""
        let rest = (door.fields + ["Content-Length: \(body.utf8.count)"]).joined(separator: "\r\n")
        for (target, host) in [
            (door.target, "evil.example:\(Self.gateway.port)"), (door.target, "localhost.evil.example"),
            ("http://evil.example\(door.target)", "localhost"),
        ] {
            let probe = try HTTPProbe(Self.gateway)
            try probe.socket.send(
                "\(door.method) \(target) HTTP/1.1\r\nHost: \(host)\r\nOrigin: http://evil.example\r\n\(rest)\r\n\r\n\(body)"
            )
            #expect(try probe.head().status == 421, "\(target) \(host)")
        }
    }

    @Test(arguments: ["/", "/page.js", "/sub/below.txt", "/healthz", "/readyz"])
    func aLinkFromElsewhereOpensThePage(path: String) throws {
        let navigation = [
            "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
        ]
        #expect(try HTTPProbe.ask("GET", path, navigation, on: Self.gateway).status == 200)
        // The library, asked for by an allowed page, is one that it may run.
        let imported = try HTTPProbe.ask("GET", path, ["Origin: https://app.example"], on: Self.gateway)
        #expect(imported.status == 200)
        #expect(imported.field("Access-Control-Allow-Origin") == "https://app.example")
        let copied = try HTTPProbe.ask("GET", path, ["Origin: http://evil.example"], on: Self.gateway)
        #expect(copied.field("Access-Control-Allow-Origin") == nil)
    }

    /// What the issue of a hostile page comes down to.
    @Test func nothingOfAStrangerIsPublished() throws {
        let gateway = try GatewayProcess()
        try HTTPProbe.put("access/b", "1", on: gateway)
        let forged = try HTTPProbe.ask(
            "POST", "/publish", ["Origin: http://evil.example", "Content-Type: text/plain"],
            body: #"{"topic":"access/b","data":666}"#, on: gateway)
        #expect(forged.status == 403 && forged.code == "forbidden")
        #expect(forged.json["detail"].string?.contains("http://evil.example") == true)
        #expect(try HTTPProbe.ask("GET", "/topics/access/b", on: gateway).json["data"].int == 1)
        let metrics = try HTTPProbe.ask("GET", "/metrics", on: gateway).text
        #expect(metrics.contains("tidegate_refusals_total{code=\"forbidden\"} 1\n"))
        let line = try #require(gateway.logLine(saying: "a page of another origin was refused"))
        #expect(line.contains("http://evil.example"))
    }

    @Test func whoIsForAnotherHostIsNamedInTheLog() throws {
        let gateway = try GatewayProcess()
        let probe = try HTTPProbe(gateway)
        try probe.socket.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        let answer = try probe.answer()
        #expect(answer.status == 421 && answer.code == "misdirected")
        let line = try #require(gateway.logLine(saying: "a request for another host was refused"))
        #expect(line.contains("evil.example"))
        #expect(
            try HTTPProbe.ask("GET", "/metrics", on: gateway).text
                .contains("tidegate_refusals_total{code=\"misdirected\"} 1\n"))
    }

    @Test func whereAnybodyMayConnectAnyNameWillDo() throws {
        func status(_ gateway: GatewayProcess) throws -> Int {
            let probe = try HTTPProbe(gateway)
            try probe.socket.send(
                "GET /topics HTTP/1.1\r\nHost: gate.example\r\nOrigin: https://gate.example\r\n\r\n")
            return try probe.answer().status
        }
        #expect(
            try status(
                GatewayProcess(#""host": "0.0.0.0", "access": { "anonymous": { "subscribe": ["**"] } }"#))
                == 200)
        #expect(try status(GatewayProcess(#""access": { "hosts": ["gate.example"] }"#)) == 200)
        #expect(
            try status(
                GatewayProcess(
                    #""host": "0.0.0.0", "access": { "anonymous": {}, "hosts": ["other.example"] }"#)) == 421
        )
    }

    /// A health check speaks HTTP/1.0 and names nobody (HAProxy's does).
    @Test func aCheckWithoutAHostIsAnswered() throws {
        let probe = try HTTPProbe(Self.gateway)
        try probe.socket.send("GET /readyz HTTP/1.0\r\n\r\n")
        #expect(try probe.answer().status == 200)
    }
}
