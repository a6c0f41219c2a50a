import Primitives
import TestSupport
import Testing

@testable import Feeds

@Suite struct ReplayParsingTests {
    /// The records of a text given in pieces, or why it is refused.
    private func records(_ pieces: [[UInt8]]) throws(RecordFailure) -> [[String]] {
        var held: [UInt8] = []
        var records: [[String]] = []
        var record = CSVRecord()
        for (number, piece) in pieces.enumerated() {
            held += piece
            while !held.isEmpty {
                let isLast = number == pieces.count - 1
                guard let byteCount = try record.parse(held.span, isLast: isLast) else { break }
                records.append(record.fields.map { String(decoding: record.text[$0.range], as: UTF8.self) })
                held.removeFirst(byteCount)
            }
        }
        return records
    }

    struct Vector: Sendable {
        let text: String
        let records: [[String]]
    }

    static let vectors = [
        Vector(text: "a,b\n1,2\n", records: [["a", "b"], ["1", "2"]]),
        Vector(text: "a,b\r\n1,2", records: [["a", "b"], ["1", "2"]]),
        Vector(text: "\"a,1\",\"b \"\"c\"\"\",\"\"\n", records: [["a,1", "b \"c\"", ""]]),
        Vector(text: "\"two\r\nlines\",x\r\ny,z\r\n", records: [["two\r\nlines", "x"], ["y", "z"]]),
        Vector(text: ",,\n\n,", records: [["", "", ""], [""], ["", ""]]),
        Vector(text: "é, ü ,\"\"\"\"", records: [["é", " ü ", "\""]]),
        Vector(text: "last\r", records: [["last"]]),
        Vector(text: "\"quoted\"", records: [["quoted"]]),
    ]

    @Test(arguments: vectors) func readsRecordsAtEveryCut(vector: Vector) throws {
        let bytes = Array(vector.text.utf8)
        for cut in everyCut(bytes) {
            #expect(try records([cut.first, cut.second]) == vector.records)
        }
        #expect(try records(drip(bytes) + [[]]) == vector.records)
    }

    @Test(arguments: [
        ("a\"b,c\n", "a field with a quote in it must be in quotes itself"),
        ("\"a\"b,c\n", "a comma or the line's end must follow a closing quote"),
        ("\"a", "the file ends inside quotes"),
        ("a\rb\n", "a comma or the line's end must follow a closing quote"),
    ]) func refusesBadQuotes(text: String, reason: String) {
        #expect(throws: RecordFailure(reason)) { _ = try records([Array(text.utf8)]) }
    }

    // MARK: Cells

    @Test(arguments: [
        ("1.50", "1.50"), ("-3e4", "-3e4"), ("007", "\"007\""), ("+1", "\"+1\""), (".5", "\".5\""),
        ("1 ", "\"1 \""), ("", "null"), ("true", "\"true\""), ("12:30", "\"12:30\""), ("\"5\"", "\"5\""),
        // Neither is read: the one is JSON's notation, whatever a reader makes of it, the other is not.
        ("1e999", "1e999"), ("NaN", "\"NaN\""), ("-Infinity", "\"-Infinity\""),
        ("\"\"", "\"\""), ("\"say \"\"hi\"\"\"", #""say \"hi\"""#),
    ]) func numbersStayNumbers(field: String, json: String) throws {
        var record = CSVRecord()
        _ = try record.parse(Array(field.utf8).span, isLast: true)
        var row = ReplayRow()
        try row.take(record, names: ["x"])
        var data = ByteBuffer()
        try row.appendJSON(at: 0, to: &data)
        #expect(data.bytes.text == json)
    }

    // MARK: Times

    @Test(arguments: [
        ("1767605400", 1_767_605_400_000_000_000), ("1767605400.25", 1_767_605_400_250_000_000),
        ("1767605400123", 1_767_605_400_123_000_000), ("1767605400123456", 1_767_605_400_123_456_000),
        ("2026-01-05T09:30:00Z", 1_767_605_400_000_000_000),
        ("2026-01-05 10:30:00.5+01:00", 1_767_605_400_500_000_000),
        ("2026-01-05T04:00-0530", 1_767_605_400_000_000_000), ("1970-01-01T00:00:00", 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000), ("0", 0),
        ("2024-02-29", 1_709_164_800_000_000_000),
    ]) func readsTimes(text: String, nanoseconds: Int64) throws {
        #expect(try #require(RecordedTime(Array(text.utf8))).nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "yesterday", "2026-13-01T00:00:00Z", "2026-13-01", "2026-01-32", "2026-01-05T",
        "2026-01-05T25:00:00Z", "nan", "inf",
        "2026-01-05T09:30:00X", "2026-01-05T09:30:00.Z", "1e300",
    ]) func refusesWhatIsNoTime(text: String) {
        #expect(RecordedTime(Array(text.utf8)) == nil)
    }

    // MARK: Templates

    @Test func readsTemplates() throws {
        #expect(
            RowMapping.Template("a/{x}/{y z}")?.pieces == [
                .literal("a/"), .column("x"), .literal("/"), .column("y z"),
            ])
        for text in ["a/{", "a}", "{}", "{a{b}}"] { #expect(RowMapping.Template(text) == nil) }
    }
}
