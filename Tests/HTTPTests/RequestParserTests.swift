import HTTP
import Primitives
import TestSupport
import Testing

/// The head that the parser reads from `text`, given whole.
func parse(_ text: String, limits: RequestLimits = .init()) throws(HTTPFailure) -> RequestHead? {
    var parser = RequestParser(limits: limits)
    return try parser.parse(Array(text.utf8).span)?.head
}

/// The status of the refusal of `text`; nil if it is accepted or incomplete.
func refusal(_ text: String, limits: RequestLimits = .init()) -> Int? {
    do {
        _ = try parse(text, limits: limits)
        return nil
    } catch {
        return error.status
    }
}

struct RequestParserTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var method = Method.get
        var version = HTTPVersion.http11
        var path = "/"
        var query = ""
        var framing = BodyFraming.none
        var isPersistent = true
        var expectsContinue = false
        var testDescription: String { name }
    }

    static let vectors: [Vector] = [
        Vector(
            name: "RFC 9112 §2.1",
            text: "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n"
                + "Accept-Language: en, mi\r\n\r\n",
            path: "/hello.txt"),
        Vector(
            name: "RFC 9112 §3.2.1", text: "GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
            path: "/where", query: "q=now"),
        Vector(
            name: "RFC 9112 §3.2.2, absolute form",
            text: "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: x\r\n\r\n",
            path: "/pub/WWW/TheProject.html"),
        Vector(name: "URL without a path", text: "GET HTTPS://a:1?b HTTP/1.1\r\nHost: a\r\n\r\n", query: "b"),
        Vector(
            name: "RFC 9112 §3.2.4, asterisk form",
            text: "OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n", method: .options, path: "*"),
        Vector(
            name: "asterisk as a URL", text: "OPTIONS http://a:8001 HTTP/1.1\r\nHost: a\r\n\r\n",
            method: .options, path: "*"),
        Vector(
            name: "HTTP/1.0 closes", text: "GET / HTTP/1.0\r\n\r\n", version: .http10, isPersistent: false),
        Vector(
            name: "HTTP/1.0 kept", text: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            version: .http10),
        Vector(
            name: "close wins", text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n",
            isPersistent: false),
        Vector(name: "a later minor version", text: "GET / HTTP/1.7\r\nHost: a\r\n\r\n"),
        Vector(
            name: "length", text: "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length:   5\t\r\n\r\n",
            method: .post, path: "/a", framing: .length(5)),
        Vector(
            name: "length 0", text: "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", method: .put,
            framing: .length(0)),
        Vector(
            name: "chunked, expecting",
            text: "POST / HTTP/1.1\r\nhOST: a\r\ntransfer-encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n",
            method: .post, framing: .chunked, expectsContinue: true),
        Vector(
            name: "nothing to continue with",
            text: "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"
        ),
        Vector(
            name: "HTTP/1.0 cannot expect",
            text: "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", method: .post,
            version: .http10, framing: .length(1), isPersistent: false),
        Vector(
            name: "an unknown method", text: "BREW /pot HTTP/1.1\r\nHost:\r\n\r\n", method: .other,
            path: "/pot"),
        Vector(name: "methods have case", text: "get / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", method: .other),
        Vector(name: "empty lines before", text: "\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n", method: .head),
        Vector(
            name: "bytes above ASCII", text: "GET /é|\"?ü HTTP/1.1\r\nHost: a\r\nX: é\r\nY:\r\n\r\n",
            path: "/é|\"", query: "ü"),
        Vector(
            name: "only a query mark", text: "DELETE /a? HTTP/1.1\r\nHost: a\r\n\r\n", method: .delete,
            path: "/a"),
    ]

    private func check(_ head: RequestHead, _ vector: Vector) {
        #expect(head.method == vector.method)
        #expect(head.version == vector.version)
        #expect(head.path == Array(vector.path.utf8))
        #expect(head.query == Array(vector.query.utf8))
        #expect(head.bodyFraming == vector.framing)
        #expect(head.isPersistent == vector.isPersistent)
        #expect(head.expectsContinue == vector.expectsContinue)
    }

    @Test(arguments: vectors)
    func readsAtEveryCut(vector: Vector) throws {
        let bytes = Array(vector.text.utf8)
        for (first, second) in everyCut(bytes) where !second.isEmpty {
            var parser = RequestParser()
            #expect(try parser.parse(first.span) == nil)
            let (head, byteCount) = try #require(try parser.parse(bytes.span))
            #expect(byteCount == bytes.count)
            check(head, vector)
        }
    }

    @Test(arguments: vectors)
    func leavesWhatFollows(vector: Vector) throws {
        var bytes = Array(vector.text.utf8)
        let length = bytes.count
        bytes += Array("GET /next HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        var parser = RequestParser()
        let (head, byteCount) = try #require(try parser.parse(bytes.span))
        #expect(byteCount == length)
        check(head, vector)
        let (next, _) = try #require(try parser.parse(Array(bytes[length...]).span))
        #expect(next.path == Array("/next".utf8))
    }

    @Test func looksAtEachByteOnce() throws {
        let fields = (0..<50).map { "Field-\($0): \(String(repeating: "v", count: 200))\r\n" }.joined()
        let bytes = Array("GET /slow HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        var parser = RequestParser()
        for count in 0..<bytes.count { #expect(try parser.parse(bytes.span.extracting(0..<count)) == nil) }
        #expect(try parser.parse(bytes.span) != nil)
        #expect(parser.scannedByteCount == bytes.count)
    }

    @Test func isReadyAgainAfterAFailure() throws {
        var parser = RequestParser()
        #expect(throws: HTTPFailure.self) { try parser.parse(Array("GET / HTTP/1.1\r\nbad\r\n".utf8).span) }
        #expect(try parser.parse(Array("GET / HTTP/1.0\r\n\r\n".utf8).span) != nil)
    }
}
