import Primitives
import Testing

struct JSONWriterTests {
    private func written(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return buffer.bytes.text
    }

    @Test func escapesNoMoreThanItMust() {
        #expect(written { $0.append(jsonString: "") } == "\"\"")
        #expect(written { $0.append(jsonString: "a/é\u{7F}") } == "\"a/é\u{7F}\"")
        #expect(
            written { $0.append(jsonString: "\"\\\n\r\t\u{00}\u{1F}x") }
                == #""\"\\\n\r\t\u0000\u001fx""#)
    }

    @Test func stringsAreReadBack() throws {
        for scalar in (UInt32(0)..<0x3000).compactMap(Unicode.Scalar.init) {
            let text = "a\(Character(scalar))b"
            var buffer = ByteBuffer()
            buffer.append(jsonString: text)
            var scanner = JSONScanner(buffer.bytes)
            let string = try scanner.string()
            #expect(string.decoded(in: buffer.bytes) == Array(text.utf8))
        }
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (189.3, "189.3"),
        (1e14, "100000000000000"),
        (1e15, "1000000000000000"), (1e16, "1e+16"), (-1e300, "-1e+300"), (.leastNonzeroMagnitude, "5e-324"),
        (.infinity, "null"), (.nan, "null"),
    ])
    func writesNumbers(value: Double, text: String) {
        #expect(written { $0.append(jsonNumber: value) } == text)
    }

    @Test func numbersAreReadBack() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<10_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            var buffer = ByteBuffer()
            buffer.append(jsonNumber: value)
            var scanner = JSONScanner(buffer.bytes)
            let number = try scanner.number()
            #expect(number == value)
            try scanner.end()
        }
    }

    @Test func putsAValueOnOneLine() {
        #expect(written { $0.append(jsonLine: Array("{\r\n \"a\" :\n1}".utf8).span) } == "{   \"a\" : 1}")
        #expect(written { $0.append(jsonLine: [UInt8]().span) } == "")
        var buffer = ByteBuffer()
        buffer.append("x\n")
        buffer.consume(1)
        buffer.append(jsonLine: Array("[\n]".utf8).span)
        #expect(buffer.bytes.text == "\n[ ]")
    }
}
