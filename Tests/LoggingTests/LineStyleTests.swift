import Foundation
import Primitives
import Testing

@testable import Logging

/// What peers send stands in lines of ours: it must not break them, forge a part of them or steer whoever reads them.
@Suite struct LineStyleTests {
    private func line(_ style: LineStyle, _ fields: [Log.NamedField], _ event: Log.Event = .refused) -> String
    {
        var line = ByteBuffer()
        style.append(event, fields, at: UnixTime(milliseconds: 1_764_000_000_123), to: &line)
        return String(decoding: line.unsafeBytes, as: UTF8.self)
    }

    /// The line without the time, which depends on where the test runs.
    private func text(_ fields: [Log.NamedField], _ event: Log.Event = .refused) -> String {
        String(line(LineStyle(isJSON: false), fields, event).dropFirst("00:00:00 ".count))
    }

    private func json(_ fields: [Log.NamedField]) -> String { line(LineStyle(isJSON: true), fields) }

    @Test func aLineOfTextReadsLikeASentence() {
        let fields: [Log.NamedField] = [
            ("peer", .text("[::1]:80")), ("next", .integer(-5)), ("seconds", .number(1.5)),
        ]
        #expect(text(fields, .cursorReset) == "a cursor was reset  peer=[::1]:80  next=-5  seconds=1.5\n")
        #expect(text([], .linesDropped) == "warning: log lines were dropped\n")
    }

    @Test func theTimeIsTheClockOnTheWall() {
        let line = line(LineStyle(isJSON: false), [])
        var seconds = 1_764_000_000
        var parts = tm()
        localtime_r(&seconds, &parts)
        #expect(
            line.hasPrefix(
                String(format: "%02d:%02d:%02d debug: ", parts.tm_hour, parts.tm_min, parts.tm_sec)))
    }

    @Test func aLineOfJSONHasTimeLevelAndEventFirst() {
        let fields: [Log.NamedField] = [
            ("peer", .text("a b")), ("next", .integer(-5)), ("seconds", .number(.nan)),
        ]
        #expect(
            json(fields)
                == #"{"time":1764000000123,"level":"debug","event":"refused","peer":"a b","next":-5,"seconds":null}"#
                + "\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("/topics/a?b", "/topics/a?b"), ("größer", "größer"), ("", #""""#),
        ("two words", #""two words""#), ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#),
        (#"a\n"#, #""a\\n""#),
        ("a  level=error", #""a  level=error""#), ("a\u{A0}b", "\"a\u{A0}b\""),
        ("a\u{3000}b", "\"a\u{3000}b\""),
        ("a\nb\r\tc", #""a\nb\r\tc""#), ("\u{1B}[31mred", #""\u001b[31mred""#),
        ("\u{0}\u{7F}", #""\u0000\u007f""#),
        ("\u{9B}31m\u{85}", #""\u009b31m\u0085""#), ("a\u{2028}b\u{2029}", #""a\u2028b\u2029""#),
        ("\u{202E}gpj.exe", #""\u202egpj.exe""#), ("\u{E0041}", #""\udb40\udc41""#), ("🙂", "🙂"),
    ]) func aValueIsQuotedWhereItCouldBeMistaken(value: String, shown: String) {
        #expect(text([("detail", .text(value))]) == "debug: refused  detail=\(shown)\n")
    }

    /// Every character of the first plane, and the invisible ones of the last: one line, nothing of it invisible, and JSON
    /// reads it back.
    @Test func noCharacterBreaksALine() throws {
        for start in Array(stride(from: UInt32(0), through: 0xF000, by: 0x1000)) + [0xE_0000] {
            var value = String.UnicodeScalarView()
            value.append(contentsOf: (start..<(start + 0x1000)).lazy.compactMap { Unicode.Scalar($0) })
            let fields: [Log.NamedField] = [("detail", .text(String(value)))]
            let read = try JSONDecoder().decode(Line.self, from: Data(json(fields).utf8))
            #expect(read.detail.unicodeScalars.elementsEqual(value), "from \(start) on")
            for line in [json(fields), text(fields)] {
                #expect(line.unicodeScalars.last == "\n", "from \(start) on")
                #expect(!line.unicodeScalars.dropLast().contains(where: isUnseen), "from \(start) on")
            }
        }
    }

    private struct Line: Decodable { let detail: String }

    private func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}"
            || scalar.properties.isBidiControl
    }
}
