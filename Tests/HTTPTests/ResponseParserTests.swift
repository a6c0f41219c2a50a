import HTTP
import Primitives
import TestSupport
import Testing

struct ResponseParserTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let text: String
        var method = Method.get
        var status = 200
        var framing = BodyFraming.untilClose
        var isPersistent = false
        var testDescription: String { text.debugDescription }
    }

    static let vectors: [Vector] = [
        Vector(
            text: "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nContent-Length: 51\r\n\r\n",
            framing: .length(51), isPersistent: true),
        Vector(
            text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", framing: .chunked,
            isPersistent: true),
        Vector(text: "HTTP/1.1 200\r\n\r\n"),
        Vector(text: "HTTP/1.1 200 \r\n\r\n"),
        Vector(text: "HTTP/1.1 200 All is well, été\r\n\r\n"),
        Vector(text: "HTTP/1.1 200 OK\nContent-Length: 1\n\n", framing: .length(1), isPersistent: true),
        Vector(
            text: "HTTP/1.1 200 OK\r\nX: a,\r\n   b\r\nContent-Length:\r\n 7\r\n\r\n", framing: .length(7),
            isPersistent: true),
        Vector(
            text: "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n", framing: .length(5),
            isPersistent: true),
        Vector(text: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", framing: .length(5)),
        Vector(
            text: "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n", method: .head, framing: .none,
            isPersistent: true),
        Vector(text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, framing: .none, isPersistent: true),
        Vector(
            text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", status: 304, framing: .none,
            isPersistent: true),
        Vector(text: "HTTP/1.1 100 Continue\r\n\r\n", status: 100, framing: .none, isPersistent: true),
        Vector(
            text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            status: 101, framing: .none, isPersistent: true),
        Vector(
            text: "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            status: 503, framing: .length(0)),
    ]

    @Test(arguments: vectors)
    func readsAtEveryCut(vector: Vector) throws {
        let bytes = Array(vector.text.utf8)
        for (first, second) in everyCut(bytes) where !second.isEmpty {
            var parser = ResponseParser()
            #expect(try parser.parse(first.span, answering: vector.method) == nil)
            let (head, byteCount) = try #require(
                try parser.parse((bytes + Array("body".utf8)).span, answering: vector.method))
            #expect(byteCount == bytes.count)
            #expect(head.status == vector.status)
            #expect(head.bodyFraming == vector.framing)
            #expect(head.isPersistent == vector.isPersistent)
            #expect(head.isInterim == (vector.status == 100))
        }
    }

    @Test func joinsContinuedLines() throws {
        var parser = ResponseParser()
        let text = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\n \r\nY:\r\n d\r\n\r\n"
        let head = try #require(try parser.parse(Array(text.utf8).span)).head
        #expect(head.field("X").map { String(decoding: $0, as: UTF8.self) } == "a   b  \tc")
        #expect(head.field("y") == [0x64])
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000\r\n",
        "HTTP/1.1 099 X\r\n",
        "HTTP/1.1  200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX y: z\r\n\r\n", "HTTP/1.1 200 OK\rX",
    ])
    func refusesAtEveryCut(text: String) throws {
        let bytes = Array(text.utf8)
        for (first, _) in everyCut(bytes) {
            var parser = ResponseParser()
            do {
                #expect(try parser.parse(first.span) == nil)
                _ = try parser.parse(bytes.span)
                Issue.record("accepted")
            } catch { #expect(error.status == 502) }
        }
    }
}
