import Primitives
import TestSupport
import Testing

struct JSONScannerTests {
    /// The range of the only value of `text`; nil if it is refused.
    private func document(_ text: [UInt8]) -> Range<Int>? {
        var scanner = JSONScanner(text.span)
        do throws(JSONFailure) {
            let range = try scanner.value()
            try scanner.end()
            return range
        } catch { return nil }
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    static let accepted = [
        "null", "true", "false", "0", "-0", "10", "-1.5", "1e5", "1E+5", "1.25e-30",
        "123456789012345678901234567890",
        "1e999", "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD834\\uDD1E\"",
        "\"\u{7F}é\u{1F600}\"",
        "\"\\ud800\"", "[]", "[ ]", "{}", "{ }", "[1]", "[1,2 , 3]", "[[],[[]],{}]", "{\"a\":1}",
        "{\"a\" : {\"b\":[{}]} , \"\":null}", "{\"a\":1,\"a\":2}", " \t\r\n1 \n", nested(64),
        "{\"image\":{\"width\":800,\"ids\":[116,943,234,38793],\"animated\":false}}",
    ]

    static let refused = [
        "", " ", "nul", "nulll", "True", "tru", "01", "-", "-a", "+1", "1.", ".5", "1.e5", "1e", "1e+", "0x1",
        "NaN",
        "Infinity", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u123", "\"\\",
        "\"a\nb\"",
        "\"\u{00}\"", "\"\u{1F}\"", "'a'", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{", "}",
        "{a:1}", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
        "{\"a\":1",
        "[}", "{]", "[1}", "{\"a\":1]", "1 2", "[] []", "null,", "/**/1", "\u{FEFF}1", "\u{A0}1", "[1]x",
        nested(65),
    ]

    @Test(arguments: accepted)
    func accepts(text: String) throws {
        let bytes = Array(text.utf8)
        let range = try #require(document(bytes))
        #expect(document(Array(bytes[range])) == 0..<range.count)
    }

    @Test(arguments: refused)
    func refuses(text: String) {
        #expect(document(Array(text.utf8)) == nil)
    }

    /// Every prefix of a value is refused, except of numbers, which may end early.
    @Test(arguments: accepted)
    func refusesEveryBeginning(text: String) throws {
        let bytes = Array(text.utf8)
        let range = try #require(document(bytes))
        guard bytes[range.lowerBound] != ASCII.minus, !ASCII.isDigit(bytes[range.lowerBound]) else { return }
        for (first, _) in everyCut(bytes) where first.count < range.upperBound {
            #expect(document(first) == nil)
        }
    }

    @Test func walksByStructure() throws {
        let text = Array(#" {"a":[1, {"x":[]}, "s"], "b\u0062" : true,"c":null} tail"#.utf8)
        var scanner = JSONScanner(text.span)
        var seen: [String] = []
        #expect(scanner.peek() == .object)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            if name.equals("a", in: text.span) {
                try scanner.enterArray()
                while try scanner.nextElement() {
                    seen.append(String(decoding: text[try scanner.value()], as: UTF8.self))
                }
            } else if name.equals("bb", in: text.span) {
                seen.append("\(try scanner.boolean())")
            } else {
                seen.append("\(try scanner.null())")
            }
        }
        #expect(seen == ["1", #"{"x":[]}"#, "\"s\"", "true", "true"])
        #expect(throws: JSONFailure.self) { try end(scanner.position) }
        func end(_ position: Int) throws(JSONFailure) {
            var scanner = JSONScanner(text.span.extracting(position..<text.count))
            try scanner.end()
        }
    }

    @Test(arguments: [("1.5", 1.5), (" -0.25e1", -2.5), ("1e999", nil), ("\"1\"", nil), ("", nil)])
    func readsNumbers(text: String, value: Double?) {
        let bytes = Array(text.utf8)
        var scanner = JSONScanner(bytes.span)
        do throws(JSONFailure) {
            let number = try scanner.number()
            #expect(number == value)
        } catch { #expect(value == nil) }
    }

    @Test(arguments: [
        (#""plain é""#, "plain é"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"),
        (#""\u00e9\u20AC""#, "é€"),
        (#""\ud834\udd1e!""#, "\u{1D11E}!"), (#""\ud834""#, nil), (#""\ud834\u0041""#, nil),
        (#""\udd1e""#, nil),
        (#""\ud834x""#, nil), (#""\ud834\n""#, nil), (#""\u0000""#, "\u{00}"),
    ])
    func decodesStrings(text: String, decoded: String?) throws {
        let bytes = Array(text.utf8)
        var scanner = JSONScanner(bytes.span)
        let string = try scanner.string()
        #expect(string.decoded(in: bytes.span) == decoded.map { Array($0.utf8) })
    }

    @Test func saysWhereAndWhy() {
        let bytes = Array("{\"a\":tru}".utf8)
        var scanner = JSONScanner(bytes.span)
        do throws(JSONFailure) {
            _ = try scanner.value()
            Issue.record("accepted")
        } catch { #expect(error.description == "at byte 5: expected true") }
    }
}
