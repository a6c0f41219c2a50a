/// What becomes of rows that can't be used, and of those around them.
import Foundation
import Primitives
import Testing

@testable import Feeds

extension ReplayFeedTests {
    struct Damage: Sendable, CustomTestStringConvertible {
        let text: String
        /// The rows that come, each by its topic and value.
        let played: String
        var skippedCount = 1
        var testDescription: String { text.debugDescription }
    }

    @Test(arguments: [
        // Too few and too many columns, blank lines, no line feed at the end.
        Damage(text: "time,topic,x\n1,a,1\n1,b\n1,c,3,4\n\n1,d,4", played: "a1 d4", skippedCount: 2),
        Damage(text: "time,topic,x\r\n1,a,1\r\n1\r\n1,d,4\r\n", played: "a1 d4"),
        // A field over two lines is one row, and the lines are counted behind it.
        Damage(text: "time,topic,x\n1,\"a\nb\",1\n1,d,4\n", played: "a%0Ab1 d4", skippedCount: 0),
        Damage(text: "\u{FEFF}\"time\",\"topic\",x\n1,a,1\n", played: "a1", skippedCount: 0),
        // A quote that nothing closes, or that something follows, costs its line alone.
        Damage(text: "time,topic,x\n1,\"a,1\n1,b,2\n1,c,3\n", played: "b2 c3"),
        Damage(text: "time,topic,x\n1,\"a,1\n1,b,2\n1,\"c\",3\n", played: "b2 c3"),
        Damage(text: "time,topic,x\n1,\"a\"\"b\"c,1\n1,b,2\n", played: "b2"),
        Damage(text: "time,topic,x\n1,19\" rack,1\n1,b,2\n", played: "b2"),
        Damage(text: "time,topic,x\n1,a,\"1", played: ""),
        Damage(text: "time,topic,x\n1,a\rb,1\n1,b,2\n", played: "b2"),
        // Times.
        Damage(
            text: "time,topic,x\n1,a,1\n1e999,b,2\nNaN,c,3\n,d,4\nsoon,e,5\n1,f,6\n", played: "a1 f6",
            skippedCount: 4),
        // Topics.
        Damage(text: "time,topic,x\n1,,1\n1,b,2\n", played: "b2"),
        // Numbers are not read.
        Damage(text: "time,topic,x\n1,a,1e999\n1,b,NaN\n", played: "a1e999 b\"NaN\"", skippedCount: 0),
        // The end of a DOS file.
        Damage(text: "time,topic,x\n1,a,1\n\u{1A}", played: "a1"),
        // Lines of JSON.
        Damage(
            text: "{\"time\":1,\"topic\":\"a\",\"x\":1}\n{\"time\":1,\"topic\"\n[]\n7\nNaN\n\u{FEFF}{}\n"
                + "{\"time\":1,\"topic\":\"b\",\"x\":NaN}\n{\"time\":1,\"topic\":\"c\",\"x\":3}",
            played: "a1 c3", skippedCount: 6),
        Damage(
            text: "\u{FEFF}{\"time\":1,\"topic\":\"a\",\"x\":1}\r\n{\"time\":1,\"x\":1}\r\n"
                + "{\"time\":1,\"topic\":null,\"x\":1}\r\n{\"time\":1,\"topic\":\"\\ud800\",\"x\":1}\r\n"
                + "{\"topic\":\"a\",\"x\":1}\r\n{\"time\":1,\"topic\":\"\\u0062 c\",\"x\":2}",
            played: "a1 b%20c2", skippedCount: 4),
    ]) func aBadRowCostsNoOther(damage: Damage) throws {
        try write(damage.text, to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        let played = try play(feed).map { "\($0.update.topic)\(try $0.update.member("x") ?? "")" }
        #expect(played.joined(separator: " ") == damage.played)
        #expect(feed.takeSkipped().count == damage.skippedCount)
        #expect(feed.takeSkipped() == SkippedRecords())
    }

    @Test func theFirstOfThemIsNamed() throws {
        try write("time,topic,x\n1,\"a\nb\",1\n1,c\n1,d\n", to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        _ = try feed.produced(at: zero)
        let skipped = feed.takeSkipped()
        #expect(skipped.count == 2 && skipped.example == "q:4: the header has 3 columns, this row 2")
    }

    /// A line that was given up counts, too.
    @Test func laterLinesAreNamedRightly() throws {
        try write("time,topic,x\n1,\"a,1\n1,b,2\n9,c,3\n9,d\n", to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        _ = try feed.produced(at: zero)
        #expect(feed.takeSkipped().example == "q:2: the file ends inside quotes")
        _ = try play(feed)
        #expect(feed.takeSkipped().example == "q:5: the header has 3 columns, this row 2")
    }

    @Test func aReasonIsShort() throws {
        let name = String(repeating: "n", count: 100_000)
        try write("{\"\(name)\":1}\n{\"time\":\"\(name)\"}\n", to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        _ = try play(feed)
        #expect(feed.takeSkipped().example.utf8.count == 300)
    }

    /// However long the row is, and whether its line or its quote has no end.
    @Test(arguments: ["{\"topic\":\"a", "{\"topic\":\"a\",\"time\":1}\n{", "1,\"a"], ["", "\n"])
    func aRowWithoutEndCostsItsLineAlone(begun: String, end: String) throws {
        let isCSV = begun.hasPrefix("1")
        let long = begun + String(repeating: "aaaa,a\\", count: 400_000) + end
        let good = isCSV ? "1,b,2\n" : "{\"topic\":\"b\",\"time\":1,\"x\":2}\n"
        try write((isCSV ? "time,topic,x\n" : "") + good + long + good + good, to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        let played = try play(feed).filter { $0.update.topic == "b" }
        #expect(played.count == (end.isEmpty ? 2 : 3))
        let skipped = feed.takeSkipped()
        #expect(skipped.count == 1 && skipped.example.hasSuffix("the row is longer than 1048576 bytes"))
    }

    @Test func aRunOfBadRowsIsReadInPieces() throws {
        try write("time,topic,x\n" + String(repeating: "1,a\n", count: 10_000) + "1,b,1\n", to: "q")
        let feed = try feed(#"{"file":"q"}"#)
        let first = try feed.produced(at: zero)
        #expect(first.updates.isEmpty && first.next == zero)
        #expect(feed.takeSkipped().count == 4096)
        #expect(try play(feed).map(\.update.topic) == ["b"])
    }

    /// Text of another encoding: a name takes any bytes, a value is UTF-8.
    @Test func bytesThatAreNoTextAreEncodedInNamesAndSkippedInValues() throws {
        var bytes = Array("time,topic,x\n1,caf".utf8) + [0xE9] + Array(",1\n1,a,".utf8)
        // Behind each other these two make a character, but they stand in two fields.
        bytes += [0xC3] + Array("\n1,".utf8) + [0xC3] + Array(",".utf8) + [0xA9] + Array("\n1,b,2\n".utf8)
        try Data(bytes).write(to: folder.appendingPathComponent("q"))
        let feed = try feed(#"{"file":"q"}"#)
        #expect(try play(feed).map(\.update.topic) == ["caf%E9", "b"])
        let skipped = feed.takeSkipped()
        #expect(skipped.count == 2 && skipped.example == "q:3: \"x\" is not UTF-8")
    }

    /// The pace is kept up: one wrong time holds nobody up, nor does a pause of the recording.
    @Test(
        arguments: [
            ("0 1 9000000000 2 3", [0, 1, 2, 2, 3]), ("0 1 0.5 1.5", [0, 1, 1, 2]),
            ("0 1 900000 900001", [0, 1, 2, 3]), ("5 4 3", [0, 0, 0]),
            ("0 86400 86401", [0, 86_400, 86_401]),
        ] as [(String, [Double])])
    func aTimeThatJumpsHoldsNobodyUp(times: String, moments: [Double]) throws {
        let rows = times.split(separator: " ").map { "\($0),a,1\n" }
        try write("time,topic,x\n" + rows.joined(), to: "q")
        #expect(try play(try feed(#"{"file":"q"}"#)).map(\.at) == moments)
    }

    @Test func aRoundWithoutGoodRowsIsAPassingFailure() throws {
        try write("time,topic,x\n1,a\n", to: "q")
        let feed = try feed(#"{"file":"q","loop":true}"#)
        #expect(throws: FeedFailure("q has no row that can be used", isPassing: true)) {
            _ = try feed.produced(at: zero)
        }
        #expect(feed.takeSkipped().count == 1)
    }

    /// Between two rounds the file may just be written anew.
    @Test func aHeaderThatIsMissingLaterIsAPassingFailure() throws {
        try write("time,topic,x\n1,a,1\n", to: "q")
        let feed = try feed(#"{"file":"q","loop":true}"#)
        #expect(try feed.produced(at: zero).updates.count == 1)
        for (text, reason) in [
            ("", "q:1: the file has no header"), ("\"time,topic", "q:1: the file ends inside quotes"),
            ("a,a\n", "q:1: two columns of the header have the same name"),
        ] {
            try write(text, to: "q")
            #expect(throws: FeedFailure(reason, isPassing: true)) {
                _ = try feed.produced(at: zero + .seconds(1))
            }
        }
        try write("time,topic,x\n1,b,1\n", to: "q")
        #expect(try feed.produced(at: zero + .seconds(2)).updates.map(\.topic) == ["b"])
    }
}
