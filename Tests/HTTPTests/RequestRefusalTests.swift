import HTTP
import Primitives
import TestSupport
import Testing

/// Everything that must not pass, smuggling first, and the status of its answer.
struct RequestRefusalTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let status: Int
        var testDescription: String { text.debugDescription }
    }

    private static func posted(_ fields: String, _ status: Int) -> Refused {
        Refused(text: "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n", status: status)
    }

    private static func line(_ line: String, _ status: Int) -> Refused {
        Refused(text: "\(line)\r\nHost: a\r\n\r\n", status: status)
    }

    static let framings: [Refused] = [
        posted("Content-Length: 5\r\nContent-Length: 5", 400),
        posted("Content-Length: 5\r\nContent-Length: 6", 400),
        posted("Content-Length: 5, 5", 400),
        posted("Content-Length: +5", 400),
        posted("Content-Length: -5", 400),
        posted("Content-Length: 0x5", 400),
        posted("Content-Length: 5 5", 400),
        posted("Content-Length: 5;", 400),
        posted("Content-Length:", 400),
        posted("Content-Length: 9223372036854775808", 400),
        posted("Content-Length: 18446744073709551616", 400),
        posted("Content-Length: 99999999999999999999999", 400),
        posted("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        posted("Transfer-Encoding: chunked\r\nContent-Length: 0", 400),
        posted("Transfer-Encoding: gzip\r\nContent-Length: 0", 400),
        posted("Transfer-Encoding: gzip, chunked", 501),
        posted("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
        posted("Transfer-Encoding: identity", 501),
        posted("Transfer-Encoding: xchunked", 501),
        posted("Transfer-Encoding: chunked, gzip", 400),
        posted("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400),
        posted("Transfer-Encoding: chunked, chunked", 400),
        posted("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        posted("Transfer-Encoding: chunked;a=b", 400),
        posted("Transfer-Encoding: \"chunked\"", 400),
        posted("Transfer-Encoding: ,chunked", 400),
        posted("Transfer-Encoding: chunked,", 400),
        posted("Transfer-Encoding:", 400),
        posted("Transfer-Encoding: \u{0B}chunked", 400),
        posted("Transfer-Encoding : chunked", 400),
        posted("Transfer-Encoding\t: chunked", 400),
        posted(" Transfer-Encoding: chunked", 400),
        posted("Transfer-Encoding: chun\r\n ked", 400),
        posted("X: a\nTransfer-Encoding: chunked", 400),
        posted("X: a\rTransfer-Encoding: chunked", 400),
        posted("X: a\r\n\rTransfer-Encoding: chunked", 400),
        Refused(text: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", status: 400),
    ]

    static let fields: [Refused] = [
        posted("X", 400),
        posted(": value", 400),
        posted("X y: value", 400),
        posted("X(y): value", 400),
        posted("é: value", 400),
        posted("X: a\u{00}b", 400),
        posted("X: a\u{7F}b", 400),
        posted("X: a\u{01}b", 400),
        posted("X: a\r\n folded", 400),
        posted("X: a\r\n\tfolded", 400),
        posted("Host: a", 400),
        posted("Host: b", 400),
        posted("Expect: 200-ok", 417),
        posted("Expect: 100-continue, more", 417),
        Refused(text: "GET / HTTP/1.1\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\n Host: a\r\n\r\n", status: 400),
        Refused(text: "GET / HTTP/1.1\nHost: a\n\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a\r\n\n", status: 400),
        Refused(text: "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", status: 400),
        Refused(text: "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", status: 400),
        Refused(text: "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", status: 400),
        Refused(text: String(repeating: "\r\n", count: 40), status: 400),
        Refused(text: "\u{16}\u{03}\u{01}", status: 400),
    ]

    static let lines: [Refused] = [
        line("GET /", 400),
        line("GET", 400),
        line("GET  / HTTP/1.1", 400),
        line("GET /  HTTP/1.1", 400),
        line("GET / HTTP/1.1 ", 400),
        line(" GET / HTTP/1.1", 400),
        line("GET\t/ HTTP/1.1", 400),
        line("GET /a b HTTP/1.1", 400),
        line("GET /a\tb HTTP/1.1", 400),
        line("GET /#a HTTP/1.1", 400),
        line("G(T / HTTP/1.1", 400),
        line("GET a HTTP/1.1", 400),
        line("GET * HTTP/1.1", 400),
        line("OPTIONS ** HTTP/1.1", 400),
        line("GET ftp://a/ HTTP/1.1", 400),
        line("GET http:///a HTTP/1.1", 400),
        line("GET http://u@a/ HTTP/1.1", 400),
        line("GET / http/1.1", 400),
        line("GET / HTTP/1.10", 400),
        line("GET / HTTP/1", 400),
        line("GET / HTTP/11", 400),
        line("GET / HTTP/x.1", 400),
        line("GET / HTTPS/1.1", 400),
        line("GET / HTTP/2.0", 505),
        line("GET / HTTP/0.9", 505),
        line("PRI * HTTP/2.0", 505),
        line("CONNECT a:443 HTTP/1.1", 501),
    ]

    @Test(arguments: framings + fields + lines)
    func refusesAtEveryCut(refused: Refused) throws {
        let bytes = Array(refused.text.utf8)
        for (first, _) in everyCut(bytes) {
            var parser = RequestParser()
            do {
                #expect(try parser.parse(first.span) == nil)
                _ = try parser.parse(bytes.span)
                Issue.record("accepted")
            } catch {
                #expect(error.status == refused.status)
            }
        }
    }

    @Test func refusesALongLineBeforeItsEnd() throws {
        let limits = RequestLimits(requestLineByteCount: 20)
        let fits = "GET /1234567 HTTP/1.1"
        #expect(refusal("\(fits)\r\nHost: a\r\n\r\n", limits: limits) == 414)
        #expect(try parse("GET /123456 HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits) != nil)
        #expect(refusal("GET /123456789012345", limits: limits) == nil)
        #expect(refusal("GET /1234567890123456", limits: limits) == 414)
        #expect(refusal("GET /" + String(repeating: "a", count: 8187)) == nil)
        #expect(refusal("GET /" + String(repeating: "a", count: 8188)) == 414)
    }

    @Test func refusesTooManyFieldBytesBeforeTheirEnd() throws {
        let limits = RequestLimits(headerByteCount: 40)
        let start = "GET / HTTP/1.1\r\n"
        #expect(refusal(start + String(repeating: "a", count: 40), limits: limits) == nil)
        #expect(refusal(start + String(repeating: "a", count: 41), limits: limits) == 431)
        #expect(refusal(start + String(repeating: "a: b\r\n", count: 8), limits: limits) == 431)
    }

    @Test func refusesTooManyFields() throws {
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        #expect(try parse(start + String(repeating: "a: b\r\n", count: 99) + "\r\n") != nil)
        #expect(refusal(start + String(repeating: "a: b\r\n", count: 100)) == 431)
    }

    @Test func saysTheCodeThatFits() {
        #expect(HTTPFailure(status: 405, detail: "").code == "method_not_allowed")
        #expect(HTTPFailure(status: 413, detail: "").code == "payload_too_large")
        #expect(HTTPFailure(status: 414, detail: "").code == "bad_request")
        #expect(HTTPFailure(status: 503, detail: "", code: "draining").code == "draining")
    }
}
