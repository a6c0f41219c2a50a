import Primitives
import RESP
import TestSupport
import Testing

struct RESPParserTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let text: String
        let value: RESPValue
        var testDescription: String { text.debugDescription }
    }

    static let vectors: [Vector] = [
        Vector(text: "+OK\r\n", value: .text("OK")),
        Vector(text: "+\r\n", value: .text("")),
        Vector(text: "-ERR unknown command 'foo'\r\n", value: .error(RESPError("ERR unknown command 'foo'"))),
        Vector(text: ":0\r\n", value: .integer(0)),
        Vector(text: ":+7\r\n", value: .integer(7)),
        Vector(text: ":-1000\r\n", value: .integer(-1000)),
        Vector(text: ":9223372036854775807\r\n", value: .integer(.max)),
        Vector(text: ":-9223372036854775808\r\n", value: .integer(.min)),
        Vector(text: "$0\r\n\r\n", value: .bulk([])),
        Vector(text: "$6\r\nfoobar\r\n", value: .bulk(Array("foobar".utf8))),
        Vector(text: "$4\r\n\r\n\r\n\r\n", value: .bulk(Array("\r\n\r\n".utf8))),
        Vector(text: "$-1\r\n", value: .null),
        Vector(text: "*-1\r\n", value: .null),
        Vector(text: "*0\r\n", value: .array([])),
        Vector(text: "*2\r\n$3\r\nfoo\r\n$-1\r\n", value: .array([.bulk(Array("foo".utf8)), .null])),
        Vector(
            text: "*3\r\n:1\r\n*2\r\n*0\r\n-NO way\r\n+x\r\n",
            value: .array([
                .integer(1), .array([.array([]), .error(RESPError("NO way"))]), .text("x"),
            ])),
        Vector(
            text: "*1\r\n*2\r\n$3\r\nlog\r\n*1\r\n*2\r\n$3\r\n7-0\r\n*2\r\n$1\r\nb\r\n$2\r\nhi\r\n",
            value: .array([
                .array([
                    .bulk(Array("log".utf8)),
                    .array([
                        .array([
                            .bulk(Array("7-0".utf8)),
                            .array([.bulk(Array("b".utf8)), .bulk(Array("hi".utf8))]),
                        ])
                    ]),
                ])
            ])),
        Vector(text: nested(RESPLimits.depth), value: nestedValue(RESPLimits.depth)),
    ]

    static func nested(_ depth: Int) -> String {
        String(repeating: "*1\r\n", count: depth) + ":5\r\n"
    }

    static func nestedValue(_ depth: Int) -> RESPValue {
        depth == 0 ? .integer(5) : .array([nestedValue(depth - 1)])
    }

    /// All replies in `pieces`; with what is left of the input.
    static func read(
        _ pieces: [[UInt8]], limits: RESPLimits = .init()
    ) throws(RESPFailure) -> (replies: [RESPValue], left: Int) {
        var parser = RESPParser(limits: limits)
        var input = ByteBuffer()
        var replies: [RESPValue] = []
        for piece in pieces {
            input.append(piece)
            while let reply = try parser.next(from: &input) { replies.append(reply) }
        }
        return (replies, input.count)
    }

    @Test(arguments: vectors)
    func readsAtEveryCut(vector: Vector) throws {
        let bytes = Array(vector.text.utf8)
        for (first, second) in everyCut(bytes) {
            let (replies, left) = try Self.read([first, second])
            #expect(replies == [vector.value])
            #expect(left == 0)
        }
        #expect(try Self.read(drip(bytes)).replies == [vector.value])
    }

    @Test(arguments: vectors)
    func leavesWhatFollows(vector: Vector) throws {
        let (replies, left) = try Self.read([Array("\(vector.text)$9\r\nabc".utf8)])
        #expect(replies == [vector.value])
        #expect(left == 3, "the length is taken at once, the string as a whole")
    }

    @Test func readsRepliesBehindEachOther() throws {
        let bytes = Array(Self.vectors.map(\.text).joined().utf8)
        #expect(try Self.read([bytes]).replies == Self.vectors.map(\.value))
        #expect(try Self.read(drip(bytes)).replies == Self.vectors.map(\.value))
    }

    static let garbage: [(text: String, failure: RESPFailure)] = [
        ("HTTP/1.1 400 Bad Request\r\n", .unknownType(0x48)),
        ("\r\n", .unknownType(0x0D)),
        ("%1\r\n+a\r\n+b\r\n", .unknownType(0x25)),
        ("*2\r\n+a\r\nb\r\n", .unknownType(0x62)),
        ("+OK\n", .malformedLineEnd),
        ("+OK\rX", .malformedLineEnd),
        (":\r\n", .malformedNumber),
        (":-\r\n", .malformedNumber),
        (":1.5\r\n", .malformedNumber),
        (":--1\r\n", .malformedNumber),
        (": 1\r\n", .malformedNumber),
        (":9223372036854775808\r\n", .malformedNumber),
        (":-9223372036854775809\r\n", .malformedNumber),
        ("$\r\n", .malformedNumber),
        ("$-2\r\n", .malformedNumber),
        ("$+1\r\n", .malformedNumber),
        ("$99999999999999999999\r\n", .malformedNumber),
        ("*-2\r\n", .malformedNumber),
        ("$3\r\nabcX", .malformedBulkEnd),
        ("$3\r\nabc\rX", .malformedBulkEnd),
        (nested(RESPLimits.depth + 1), .tooDeep(depthLimit: RESPLimits.depth)),
    ]

    @Test(arguments: garbage)
    func refusesGarbageAtEveryCut(text: String, failure: RESPFailure) {
        let bytes = Array(text.utf8)
        for (first, second) in everyCut(bytes) {
            #expect(throws: failure) { try Self.read([first, second]) }
        }
        #expect(throws: failure) { try Self.read(drip(bytes)) }
    }

    static let limits = RESPLimits(lineByteCount: 8, bulkByteCount: 10, replyByteCount: 40, elementCount: 5)

    @Test(arguments: [
        "+12345678\r\n", "$10\r\n0123456789\r\n", "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n",
        "*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n:3\r\n",
    ])
    func readsUpToEachLimit(text: String) throws {
        // Twice: the account begins anew with each reply.
        #expect(try Self.read([Array("\(text)\(text)".utf8)], limits: Self.limits).replies.count == 2)
    }

    static let excesses: [(text: String, failure: RESPFailure)] = [
        // Before their ends have come.
        ("+123456789", .lineTooLong(byteCountLimit: 8)),
        ("$11\r\n", .bulkTooLong(byteCountLimit: 10)),
        ("*6\r\n", .tooManyElements(countLimit: 5)),
        ("*3\r\n*3\r\n", .tooManyElements(countLimit: 5)),
        ("*5\r\n+1234567\r\n+1234567\r\n+1234567\r\n+1234567\r\n", .replyTooLong(byteCountLimit: 40)),
    ]

    @Test(arguments: excesses)
    func refusesMoreThanEachLimit(text: String, failure: RESPFailure) {
        let bytes = Array(text.utf8)
        for (first, second) in everyCut(bytes) {
            #expect(throws: failure) { try Self.read([first, second], limits: Self.limits) }
        }
    }

    @Test func aPromiseOfMuchTakesNoMemory() throws {
        // 8 arrays of a million elements in 80 bytes would be 200 MB.
        let limits = RESPLimits(elementCount: .max / 16)
        let promise = String(repeating: "*1000000\r\n", count: RESPLimits.depth)
        #expect(try Self.read([Array(promise.utf8)], limits: limits).replies.isEmpty)
    }

    @Test func aPartIsTakenOnce() throws {
        var parser = RESPParser()
        var input = ByteBuffer()
        input.append("*3\r\n$5\r\nhello\r\n:1")
        #expect(try parser.next(from: &input) == nil)
        #expect(input.count == 2, "only the part whose end is missing stays")
        input.append("2\r\n$3\r\na")
        #expect(try parser.next(from: &input) == nil)
        #expect(input.count == 1)
        input.append("bc\r\n")
        #expect(
            try parser.next(from: &input)
                == .array([.bulk(Array("hello".utf8)), .integer(12), .bulk(Array("abc".utf8))]))
    }

    /// 128 entries of 64 KB in pieces of 64 KB, as `XREAD` answers a node that was away.
    @Test func aLargeReplyStaysSmallInTheInput() throws {
        let entry = [UInt8](repeating: 0x61, count: 64 << 10)
        var wire = Array("*128\r\n".utf8)
        for _ in 0..<128 { wire += Array("$\(entry.count)\r\n".utf8) + entry + Array("\r\n".utf8) }
        var parser = RESPParser()
        var input = ByteBuffer()
        var reply: RESPValue?
        for start in stride(from: 0, to: wire.count, by: 64 << 10) {
            #expect(reply == nil)
            input.append(wire.span.extracting(start..<min(start + 64 << 10, wire.count)))
            reply = try parser.next(from: &input)
            #expect(input.count <= entry.count + 2)
        }
        #expect(reply?.elements?.count == 128)
        #expect(input.capacity <= 512 << 10)
    }

    @Test(arguments: [
        ("MOVED 3999 127.0.0.1:6381", "MOVED", "3999 127.0.0.1:6381"),
        ("TGEPOCH bbbb", "TGEPOCH", "bbbb"), ("NOSCRIPT", "NOSCRIPT", ""), ("", "ERR", ""),
        ("ERR no such key", "ERR", "no such key"), ("something else", "ERR", "something else"),
    ])
    func anErrorHasACode(text: String, code: String, detail: String) {
        let error = RESPError(text)
        #expect(error.code == code)
        #expect(error.detail == detail)
    }
}
