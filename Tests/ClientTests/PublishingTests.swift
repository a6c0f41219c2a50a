import Client
import Primitives
import Testing

/// Requests over real sockets: keep-alive and paging.
struct PublishingTests {
    private func url(_ server: ScriptedServer) throws -> GatewayURL {
        try GatewayURL("http://127.0.0.1:\(server.port)")
    }

    private static func answer(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func valuesGoOverOneConnection() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read(until: "{\"p\":1}")
                peer.send(Self.answer("200 OK", #"{"version":1}"#))
                peer.read()
                peer.send(Self.answer("404 Not Found", #"{"code":"not_found","detail":"there is no topic"}"#))
            }
        ])
        let publisher = Publisher(to: try url(server))
        let line = try publisher.publish(Array(#"{"p":1}"#.utf8), to: "a b/é")
        #expect(line.span.text == #"{"version":1}"#)
        #expect(throws: ClientFailure.self) { try publisher.delete("a") }
        #expect(server.heads[0].hasPrefix("PUT /topics/a%20b/%c3%a9 HTTP/1.1\r\n"))
        #expect(server.heads[0].hasSuffix("Content-Length: 7\r\n\r\n{\"p\":1}"))
        #expect(server.heads[1].hasPrefix("DELETE /topics/a HTTP/1.1\r\n"))
    }

    @Test func timeToLiveAndMomentGoIntoTheQuery() throws {
        let answered: ScriptedServer.Script = { peer in
            for _ in 0..<3 {
                peer.read(until: "\r\n\r\n1")
                peer.send(Self.answer("200 OK", "{}"))
            }
        }
        let server = try ScriptedServer([answered])
        let publisher = Publisher(to: try url(server))
        _ = try publisher.publish([49], to: "a", timeToLive: 0.5, at: 1_764_000_000_123)
        _ = try publisher.publish([49], to: "a", timeToLive: 31_536_000)
        _ = try publisher.publish([49], to: "a", at: 7)
        #expect(server.heads[0].hasPrefix("PUT /topics/a?ttl=0.5&at=1764000000123 HTTP/1.1\r\n"))
        #expect(server.heads[1].hasPrefix("PUT /topics/a?ttl=31536000 HTTP/1.1\r\n"))
        #expect(server.heads[2].hasPrefix("PUT /topics/a?at=7 HTTP/1.1\r\n"))
    }

    @Test func aConnectionThatWasClosedMeanwhileIsMadeAgain() throws {
        let script: ScriptedServer.Script = { peer in
            peer.read(until: "\r\n\r\n1")
            peer.send(Self.answer("200 OK", "{}"))
        }
        let server = try ScriptedServer([script, script, script])
        let publisher = Publisher(to: try url(server))
        for _ in 0..<3 { #expect(try publisher.publish(Array("1".utf8), to: "a") == Array("{}".utf8)) }
        #expect(server.heads.count == 3)
    }

    @Test func topicsComePageByPage() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.send(
                    Self.answer(
                        "200 OK",
                        #"{"updates":[{"topic":"a/1","version":1,"time":1,"data":1}],"next":"a/\u0031"}"#))
                peer.read()
                peer.send(
                    Self.answer(
                        "200 OK", #"{"updates":[{"topic":"a/2","version":4,"time":1,"data":{"x":"y"}}]}"#))
            }
        ])
        let list = TopicList(of: "a/*", at: try url(server), pageSize: 1)
        var topics: [String] = []
        while let page = try list.nextPage() { topics += page.map { $0.topic.span.text } }
        #expect(topics == ["a/1", "a/2"])
        #expect(server.heads[0].hasPrefix("GET /topics?match=a/*&limit=1 HTTP/1.1\r\n"))
        #expect(server.heads[1].hasPrefix("GET /topics?match=a/*&limit=1&after=a/1 HTTP/1.1\r\n"))
    }
}
