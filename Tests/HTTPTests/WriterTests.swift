import HTTP
import Primitives
import TestSupport
import Testing

struct WriterTests {
    @Test func writesAHead() {
        var buffer = ByteBuffer()
        buffer.append(statusLine: 200)
        buffer.append(field: "Content-Type", "text/plain")
        buffer.append(field: "X-String", "a\(1)")
        buffer.append(field: "X-Bytes", Array("é".utf8))
        buffer.append(dateField: 784_111_777)
        buffer.append(contentLength: 12)
        buffer.endFields()
        #expect(
            buffer.bytes.text == """
                HTTP/1.1 200 OK\r
                Content-Type: text/plain\r
                X-String: a1\r
                X-Bytes: é\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Length: 12\r
                \r

                """)
    }

    @Test func cannotBeSplit() throws {
        for byte in UInt8(0)...255 {
            var buffer = ByteBuffer()
            buffer.append(statusLine: 204)
            buffer.append(field: "Location", [0x61, byte, 0x0A, 0x62, 0x3A])
            buffer.endFields()
            var parser = ResponseParser()
            let (head, byteCount) = try #require(try parser.parse(buffer.bytes))
            #expect(byteCount == buffer.count)
            #expect(head.fields.count == 1)
        }
        var buffer = ByteBuffer()
        buffer.append(field: "A", "x\r\nSet-Cookie: \u{00}")
        #expect(buffer.bytes.text == "A: x  Set-Cookie:  \r\n")
    }

    @Test(arguments: [
        100, 101, 200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 413, 414, 415, 417, 421,
        426,
        429, 431, 500, 501, 502, 503, 505, 299,
    ])
    func isReadBack(status: Int) throws {
        var buffer = ByteBuffer()
        buffer.append(statusLine: status)
        buffer.append(field: "Connection", "close")
        buffer.append(contentLength: 3)
        buffer.endFields()
        let head = buffer.count
        buffer.append("abc")
        var parser = ResponseParser()
        let (read, byteCount) = try #require(try parser.parse(buffer.bytes))
        #expect(byteCount == head)
        #expect(read.status == status)
        #expect(!read.isPersistent)
        #expect((ReasonPhrase.of(status).utf8CodeUnitCount == 0) == (status == 299))
    }

    @Test func writesRequestsThatAreReadBack() throws {
        var buffer = ByteBuffer()
        buffer.append(requestLine: "POST", target: "/topics/a b\r\nX: é?q=1#f")
        buffer.append(field: "Host", "localhost:8080")
        buffer.append(contentLength: 2)
        buffer.endFields()
        var parser = RequestParser()
        let (head, _) = try #require(try parser.parse(buffer.bytes))
        #expect(head.method == .post)
        #expect(String(decoding: head.path, as: UTF8.self) == "/topics/a%20b%0d%0aX:%20%c3%a9")
        #expect(String(decoding: head.query, as: UTF8.self) == "q=1%23f")
        #expect(head.bodyFraming == .length(2))
    }

    @Test func percentEncodingIsDecodedBack() {
        let all = Array(UInt8(0)...255)
        var buffer = ByteBuffer()
        buffer.append(percentEncoded: all.span)
        #expect(PercentCoding.decoded(buffer.bytes) == all)
        buffer.removeAll()
        buffer.append(percentEncoded: Array("fx/*,a b+&=%~".utf8).span)
        #expect(buffer.bytes.text == "fx/*,a%20b%2b%26%3d%25~")
    }

    @Test func writesChunksThatAreReadBack() throws {
        var buffer = ByteBuffer()
        buffer.append("before")
        buffer.consume(3)
        let first = buffer.beginChunk()
        buffer.append("hello ")
        buffer.endChunk(first)
        let empty = buffer.beginChunk()
        buffer.endChunk(empty)
        let second = buffer.beginChunk()
        for _ in 0..<1000 { buffer.append("0123456789") }
        buffer.endChunk(second)
        buffer.appendLastChunk()
        buffer.consume(3)
        #expect(buffer.bytes.extracting(0..<10).text == "00000006\r\n")
        let decoded = try decode([buffer.bytes.array], .chunked)
        #expect(decoded.content.count == 10_006)
        #expect(decoded.isEnded && decoded.rest.isEmpty)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (UInt64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func writesDates(seconds: UInt64, date: String) {
        #expect(String(decoding: HTTPDate.bytes(seconds), as: UTF8.self) == date)
        #expect(HTTPDate.bytes(seconds).count == HTTPDate.byteCount)
    }
}
