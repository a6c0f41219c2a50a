import Client
import Primitives
import Testing

/// Requests over real sockets: keep-alive, paging, and NDJSON that is refused midway.
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

    @Test func linesGoAsChunks() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "\r\n0\r\n\r\n")
                peer.send(Self.answer("200 OK", #"{"accepted":2}"#))
            }
        ])
        let publisher = try BulkPublisher(to: try url(server))
        try publisher.send(Array("{\"topic\":\"a\",".utf8).span)
        try publisher.send(Array("\"data\":1}\n".utf8).span)
        #expect(try publisher.finish() == 2)
        #expect(server.heads[0].contains("Content-Type: application/x-ndjson\r\n"))
        #expect(server.heads[1] == "0000000d\r\n{\"topic\":\"a\",\r\n0000000a\r\n\"data\":1}\n\r\n0\r\n\r\n")
    }

    /// A source may begin with a mark, and be silent within it. What only looks like one is sent.
    @Test(arguments: [
        ([mark, Array("1\n".utf8)], "1\n"), ([[0xEF], [0xBB], [0xBF, 0x31]], "1"),
        ([mark + mark + [0x31]], "\u{FEFF}1"), ([[0x31, 0x0A], mark + [0x31]], "1\n\u{FEFF}1"),
        ([mark], ""), ([], ""), ([[0xEF], [0xBB]], "\u{FFFD}"),
    ]) func linesGoWithoutTheirMark(pieces: [[UInt8]], sent: String) throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                peer.read(until: "0\r\n\r\n")
                peer.send(Self.answer("200 OK", #"{"accepted":2}"#))
            }
        ])
        let publisher = try BulkPublisher(to: try url(server))
        for piece in pieces { try publisher.send(piece.span) }
        #expect(try publisher.finish() == 2)
        let lines = server.heads[1].split(separator: "\r\n" as Character, omittingEmptySubsequences: false)
        // A size stands before each chunk.
        let chunks = lines.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        #expect(chunks.joined() == sent)
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    @Test func aRefusalInTheMiddleIsHeard() throws {
        let server = try ScriptedServer([
            { peer in
                peer.read()
                let problem = #"{"status":400,"code":"invalid_json","detail":"no","line":3,"accepted":2}"#
                peer.send(
                    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: \(problem.utf8.count)"
                        + "\r\n\r\n\(problem)")
                peer.awaitEnd()
            }
        ])
        let publisher = try BulkPublisher(to: try url(server))
        let piece = [UInt8](repeating: 32, count: 65536)
        var failure: ClientFailure?
        // More than any kernel holds: only the answer can stop it.
        for _ in 0..<100_000 where failure == nil {
            do throws(ClientFailure) {
                try publisher.send(piece.span)
            } catch {
                failure = error
            }
        }
        #expect(failure?.description == "refused: invalid_json: no (line 3; 2 accepted before it)")
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
