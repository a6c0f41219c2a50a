import HTTP
import Primitives
import TestSupport
import Testing

/// The content that a decoder finds when a connection passes it `pieces`.
func decode(
    _ pieces: [[UInt8]], _ framing: BodyFraming, limit: Int? = nil
) throws(HTTPFailure) -> (content: [UInt8], rest: [UInt8], isEnded: Bool) {
    var decoder = BodyDecoder(framing, byteCountLimit: limit)
    var content: [UInt8] = []
    var rest: [UInt8] = []
    for piece in pieces {
        rest += piece
        while !decoder.isEnded {
            let step = try decoder.next(rest.span)
            content += rest[step.content]
            rest.removeFirst(step.consumed)
            if step.consumed == 0 || step.isEnd { break }
        }
    }
    return (content, rest, decoder.isEnded)
}

struct BodyDecoderTests {
    static let chunked: [(coded: String, content: String)] = [
        ("0\r\n\r\n", ""),
        ("4\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\n", "Wikipedia in \r\n\r\nchunks."),
        ("00000005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("a;name=value\r\n0123456789\r\n0;last\r\n\r\n", "0123456789"),
        ("2 ; a=\"x;\\\"y\" ; b\r\nhi\r\n0\r\n\r\n", "hi"),
        ("2\r\nhi\r\n0\r\nExpires: now\r\nX-Y:\r\n\r\n", "hi"),
        ("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"),
        ("F\r\n012345678901234\r\n0\r\n\r\n", "012345678901234"),
    ]

    @Test(arguments: chunked)
    func decodesChunksAtEveryCut(coded: String, content: String) throws {
        let bytes = Array(coded.utf8) + Array("GET ".utf8)
        for pieces in everyCut(bytes).map({ [$0.first, $0.second] }) + [drip(bytes)] {
            let decoded = try decode(pieces, .chunked)
            #expect(decoded.content == Array(content.utf8))
            #expect(decoded.rest == Array("GET ".utf8))
            #expect(decoded.isEnded)
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", " 5\r\nhello", "5 \r\nhello", "5\nhello", "+5\r\n", "-1\r\n", "0x5\r\n",
        "5\r\nhelloX", "5\r\nhello\n", "5\r\nhello\rX", "5\rX", "5\r\nhello0\r\n",
        "8000000000000000\r\n", "10000000000000000\r\n", "fffffffffffffffff\r\n", ";a\r\n", "5;a=\"\r\n",
        "5;a=\"\n", "5;a=\"\\\r\n", "5;a\nb", "5;\u{00}", "5 5\r\n", "5 a\r\n", "\t5\r\n",
        "0\r\n folded: x\r\n\r\n", "0\r\nname\r\n\r\n", "0\r\nn ame: x\r\n", "0\r\na: b\nc: d\r\n",
        "0\r\na: b\r\r", "0\r\n\rX", "0\r\n\n", "0\r\n: x\r\n",
    ])
    func refusesAtEveryCut(coded: String) throws {
        let bytes = Array(coded.utf8)
        for pieces in everyCut(bytes).map({ [$0.first, $0.second] }) + [drip(bytes)] {
            do {
                _ = try decode(pieces, .chunked)
                Issue.record("accepted")
            } catch { #expect(error.status == 400) }
        }
    }

    private func status(_ coded: String, _ framing: BodyFraming, limit: Int?) -> Int? {
        do {
            _ = try decode([Array(coded.utf8)], framing, limit: limit)
            return nil
        } catch { return error.status }
    }

    @Test func boundsSizeLinesAndTrailers() {
        #expect(status("5;" + String(repeating: "a", count: 252) + "\r\n", .chunked, limit: nil) == nil)
        #expect(status("5;" + String(repeating: "a", count: 255), .chunked, limit: nil) == 400)
        #expect(status(String(repeating: "0", count: 257), .chunked, limit: nil) == 400)
        #expect(status("0\r\na:" + String(repeating: "a", count: 4095), .chunked, limit: nil) == 431)
        #expect(status("0\r\n" + String(repeating: "a:b\r\n", count: 900), .chunked, limit: nil) == 431)
    }

    @Test func refusesTooMuchBeforeItComes() {
        #expect(status("", .length(11), limit: 10) == 413)
        #expect(status("", .length(10), limit: 10) == nil)
        #expect(status("b\r", .chunked, limit: 10) == 413)
        #expect(status("a\r\n0123456789\r\n1\r", .chunked, limit: 10) == 413)
        #expect(status("a\r\n0123456789\r\n0\r\n\r\n", .chunked, limit: 10) == nil)
        #expect(status("7fffffffffffffff\r\n", .chunked, limit: 10) == 413)
        #expect(status("01234567890", .untilClose, limit: 10) == 413)
    }

    @Test func countsALength() throws {
        let bytes = Array("helloGET".utf8)
        for (first, second) in everyCut(bytes) {
            let decoded = try decode([first, second], .length(5))
            #expect(decoded.content == Array("hello".utf8))
            #expect(decoded.rest == Array("GET".utf8))
            #expect(decoded.isEnded)
        }
        #expect(try decode([Array("hell".utf8)], .length(5)).isEnded == false)
    }

    @Test func endsAtOnceWithoutABody() throws {
        for framing in [BodyFraming.none, .length(0)] {
            var decoder = BodyDecoder(framing, byteCountLimit: 0)
            #expect(
                try decoder.next(Array("GET".utf8).span) == BodyStep(content: 0..<0, consumed: 0, isEnd: true)
            )
        }
    }

    @Test func readsUntilTheClose() throws {
        let decoded = try decode(drip(Array("all of it".utf8)), .untilClose)
        #expect(decoded.content == Array("all of it".utf8))
        #expect(!decoded.isEnded)
    }
}
