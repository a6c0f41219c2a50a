import Primitives
import RESP
import Testing

struct RESPWriterTests {
    @Test func writesWordsOfEachKind() {
        var buffer = ByteBuffer()
        buffer.append(command: ["SET", "clé", .bytes([0, 13, 10, 255]), "PX", -15, .number(.max)])
        let expected =
            Array("*6\r\n$3\r\nSET\r\n$4\r\nclé\r\n$4\r\n".utf8) + [0, 13, 10, 255]
            + Array("\r\n$2\r\nPX\r\n$3\r\n-15\r\n$19\r\n9223372036854775807\r\n".utf8)
        #expect(buffer.array == expected)
    }

    @Test func writesACommandWordByWord() {
        var whole = ByteBuffer()
        whole.append(command: ["ECHO", ""])
        var parts = ByteBuffer()
        parts.append(commandOf: 2)
        parts.append(word: "ECHO")
        parts.append(word: [UInt8]().span)
        #expect(parts.array == whole.array)
    }

    /// A command is an array of bulk strings, so the parser reads it too.
    @Test func isReadBack() throws {
        var buffer = ByteBuffer()
        buffer.append(command: ["XADD", "{tg}:log", .bytes(Array(0...255)), 7])
        var parser = RESPParser()
        #expect(
            try parser.next(from: &buffer)
                == .array([
                    .bulk(Array("XADD".utf8)), .bulk(Array("{tg}:log".utf8)), .bulk(Array(0...255)),
                    .bulk(Array("7".utf8)),
                ]))
        #expect(buffer.count == 0)
    }
}
