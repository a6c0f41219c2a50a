import Foundation
import Primitives
import Settings
import Testing

@testable import Broker
@testable import Feeds

/// Each test has a folder of its own, and removes it at its end.
@Suite final class ReplayFeedTests {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            Issue.record("the test's folder stays: \(error)")
        }
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    func feed(_ text: String) throws -> ReplayFeed {
        var section = try settings(text)
        let feed = try ReplayFeed(
            origin: FeedOrigin(name: "replay", baseDirectory: folder.path), settings: &section)
        try section.finish()
        return feed
    }

    /// Runs a feed to its end, or for some updates; returns the seconds after the start at which each came.
    func play(
        _ feed: ReplayFeed, upTo limit: Int = 1000
    ) throws -> [(at: Double, update: ReadUpdate)] {
        var played: [(at: Double, update: ReadUpdate)] = []
        var now = zero
        while played.count < limit {
            let (updates, next) = try feed.produced(at: now)
            played += updates.map { (now.since(zero).inSeconds, $0) }
            guard let next else { break }
            now = next
        }
        return played
    }

    private static let quotes = """
        time,symbol,bid,note
        100,ACME,1.5,"a, ""b""c"
        100.5,GLOBEX,2,
        102,ACME,1.75,late

        """

    // MARK: CSV

    @Test func playsAtTheRecordedTimes() throws {
        try write(Self.quotes, to: "q.csv")
        let played = try play(try feed(#"{"file":"q.csv","topic":"r/{symbol}"}"#))
        #expect(played.map(\.at) == [0, 0.5, 2])
        #expect(
            played.map(\.update) == [
                ReadUpdate(topic: "r/ACME", data: #"{"bid":1.5,"note":"a, \"b\"c"}"#),
                ReadUpdate(topic: "r/GLOBEX", data: #"{"bid":2,"note":null}"#),
                ReadUpdate(topic: "r/ACME", data: #"{"bid":1.75,"note":"late"}"#),
            ])
    }

    @Test(arguments: [
        (#""speed":4"#, [0, 0.125, 0.5]), (#""speed":0.5"#, [0, 1, 4]), (#""rate":10"#, [0, 0.1, 0.2]),
        (#""rate":10,"time":"none""#, [0, 0.1, 0.2]),
    ]) func playsAtTheSpeedOrTheRateAskedFor(setting: String, moments: [Double]) throws {
        try write(Self.quotes, to: "q.csv")
        let played = try play(try feed(#"{"file":"q.csv","topic":"r/{symbol}",\#(setting)}"#))
        #expect(played.map(\.at) == moments)
    }

    @Test func carriesTheColumnsAskedFor() throws {
        try write(Self.quotes, to: "q.csv")
        let feed = try feed(#"{"file":"q.csv","topic":"r/{symbol}","data":["bid","time"]}"#)
        #expect(try feed.produced(at: zero).updates.map(\.data) == [#"{"bid":1.5,"time":100}"#])
    }

    @Test func startsAnewAfterTheLastGap() throws {
        try write(Self.quotes, to: "q.csv")
        let played = try play(try feed(#"{"file":"q.csv","topic":"r/{symbol}","loop":true}"#), upTo: 7)
        #expect(played.map(\.at) == [0, 0.5, 2, 3.5, 4, 5.5, 7])
    }

    @Test func endsOnceAndForAll() throws {
        try write(Self.quotes, to: "q.csv")
        let feed = try feed(#"{"file":"q.csv","topic":"r/{symbol}","rate":1000}"#)
        #expect(try play(feed).count == 3)
        #expect(try feed.produced(at: zero + .seconds(9)).next == nil)
    }

    @Test func aSleepPutsOffTheRest() throws {
        try write("time,topic,x\n0,a,1\n1,a,2\n2,a,3\n", to: "q.csv")
        let feed = try feed(#"{"file":"q.csv"}"#)
        _ = try feed.produced(at: zero)
        let (updates, next) = try feed.produced(at: zero + .seconds(60))
        #expect(updates.map(\.data) == [#"{"x":2}"#, #"{"x":3}"#])  // The third was read late as well.
        #expect(next == nil)
    }

    @Test func handsOnALongRecordingInPieces() throws {
        let rows = (0..<10_000).map { "5,a/b,\($0)" }.joined(separator: "\n")
        try write("time,topic,x\n" + rows, to: "q.csv")
        let feed = try feed(#"{"file":"q.csv"}"#)
        let (updates, next) = try feed.produced(at: zero)
        #expect(updates.count == 4096)
        #expect(next == zero)
        #expect(try play(feed, upTo: 10_000).last?.update.data == #"{"x":9999}"#)
    }

    @Test func skipsAMarkBlankLinesAndCarriageReturns() throws {
        try write("\u{FEFF}time,topic,x\r\n\r\n1,a,1\r\n\r\n", to: "q.csv")
        #expect(try play(try feed(#"{"file":"q.csv"}"#)).map(\.update.data) == [#"{"x":1}"#])
    }

    // MARK: NDJSON

    @Test func playsWhatTheGatewayEmits() throws {
        try write(
            """
            {"topic":"a","version":7,"time":1764000000123,"data":{"x":[1, 2]}}
            {"topic":"a","version":8,"time":1764000000623,"deleted":true}

            {"topic":"b","time":1764000001123,"data":null}
            """, to: "log.ndjson")
        let played = try play(try feed(#"{"file":"log.ndjson"}"#))
        #expect(played.map(\.at) == [0, 0.5, 1])
        #expect(
            played.map(\.update) == [
                ReadUpdate(topic: "a", data: #"{"x":[1, 2]}"#), ReadUpdate(topic: "a", data: nil),
                ReadUpdate(topic: "b", data: "null"),
            ])
    }

    @Test func mapsAnyObjects() throws {
        try write(
            #"{"ts":"2026-01-05T09:30:00Z","sym":"FX","id":5,"px":1.5}"# + "\n"
                + #"{"px":2,"ts":"2026-01-05T09:30:01Z","id":6,"sym":"FX"}"# + "\n", to: "x.jsonl")
        let played = try play(try feed(#"{"file":"x.jsonl","topic":"m/{sym}/{id}","time":"ts"}"#))
        #expect(played.map(\.update.topic) == ["m/FX/5", "m/FX/6"])
        #expect(played.map(\.update.data) == [#"{"px":1.5}"#, #"{"px":2}"#])
        #expect(played.map(\.at) == [0, 1])
    }

    // MARK: Mistakes

    @Test(arguments: [
        ("time,topic,x\n1,a,1\n1,a\n", "q:3: the header has 3 columns, this row 2"),
        (
            "time,topic,x\n1,a,\"1\n2\"\nsoon,a,1\n",
            "q:4: \"soon\" in \"time\" is neither Unix time nor ISO 8601"
        ),
        ("time,topic,x\n,a,1\n", "q:2: nothing in \"time\" is neither Unix time nor ISO 8601"),
        ("time,topic,x\n1,,1\n", "q:2: \"topic\" is part of the topic and holds no text here"),
        ("time,topic,x\n1,a,\"1\n", "q:2: the file ends inside quotes"),
        (
            "{\"topic\":\"a\",\"time\":1,\"data\":1}\n\n{\"topic\":\"a\",\n",
            "q:3: no JSON object: at byte 13: expected a member's name in quotes"
        ),
        (
            "{\"topic\":\"a\",\"time\":1,\"data\":1}\n[]\n",
            "q:2: no JSON object: at byte 0: expected an object"
        ),
        (
            "{\"topic\":\"a\",\"time\":1,\"data\":1}\n{\"topic\":\"a\",\"data\":1}\n",
            "q:2: there is no \"time\" among topic, data"
        ),
        ("{\"topic\":[],\"time\":1}\n", "q:1: \"topic\" is part of the topic and holds no text here"),
    ]) func namesFileAndLine(text: String, message: String) throws {
        try write(text, to: "q")
        let feed = try feed(#"{"file":"q","onBadRow":"end"}"#)
        #expect(failure { _ = try play(feed) } == message)
        // The same row is skipped where nothing else is asked for.
        let skipping = try self.feed(#"{"file":"q"}"#)
        _ = try play(skipping)
        #expect(skipping.takeSkipped().example == message)
    }

    // MARK: Names

    @Test(arguments: [
        (#""topic":"r/{symbol}""#, "BRK B", "r/BRK%20B"), (#""topic":"r/{symbol}""#, "/a/", "r/%2Fa%2F"),
        (#""topic":"{symbol}/{symbol}""#, "a b", "a%20b/a%20b"), (#""topic":"{symbol}""#, "**", "%2A%2A"),
        (#""topic":"r/{symbol}""#, "fx/EUR", "r/fx/EUR"), (#""topic":"r/{symbol}""#, "100%", "r/100%"),
        (#""topic":"r%/{symbol}""#, "a\"\",", "r%/a\"%2C"), (#""topic":"v{symbol}{symbol}""#, ".", "v.."),
        (#""topic":"{symbol}{symbol}""#, ".", "%2E%2E"),
    ]) func aColumnThatIsNoTopicIsEncoded(setting: String, symbol: String, topic: String) throws {
        try write("symbol,x\n\"\(symbol)\",1\n", to: "q")
        let feed = try feed(#"{"file":"q","rate":1000,\#(setting)}"#)
        #expect(try play(feed).map(\.update) == [ReadUpdate(topic: topic, data: #"{"x":1}"#)])
    }

    @Test func aTombstoneMeetsTheTopicThatItEnds() throws {
        let long = String(repeating: "long ", count: 60)
        try write(
            "{\"topic\":\"\(long)\",\"data\":1}\n{\"topic\":\"\(long)\",\"deleted\":true}\n", to: "q")
        let played = try play(try feed(#"{"file":"q","rate":1000}"#)).map(\.update)
        try #require(played.count == 2)
        #expect(played[0].topic == played[1].topic && played[0].topic.utf8.count <= 256)
        #expect(played[1].data == nil)
    }

    // MARK: Settings

    @Test(arguments: [
        (#"{}"#, "config.json: file: a replay needs a file"),
        (
            #"{"file":"none"}"#,
            "config.json:1: file: cannot open none: No such file or directory (errno 2)"
        ),
        (#"{"file":"."}"#, "config.json:1: file: . is no regular file"),
        (#"{"file":"empty"}"#, "config.json:1: file: empty:1: the file has no header"),
        (#"{"file":"twice"}"#, "config.json:1: file: twice:1: two columns of the header have the same name"),
        (
            #"{"file":"q","topic":"r/{sym}"}"#,
            #"config.json:1: topic: q has no column "sym"; it has when, symbol"#
        ),
        (
            #"{"file":"q","topic":"r/{symbol}"}"#,
            #"config.json: time: q has no column "time"; it has when, symbol. Name the column of the times, or set "rate""#
        ),
        (
            #"{"file":"q","topic":"r/{symbol}","time":"when","data":["x"]}"#,
            #"config.json:1: data: q has no column "x"; it has when, symbol"#
        ),
        (
            #"{"file":"q","topic":"r/{"}"#,
            #"config.json:1: topic: "r/{" has braces that do not enclose a column's name"#
        ),
        (
            #"{"file":"q","topic":"r//{x}"}"#,
            #"config.json:1: topic: "r//x" is no topic here: it has an empty segment"#
        ),
    ]) func refusesBadSettings(text: String, message: String) throws {
        try write("when,symbol\n1,A\n", to: "q")
        try write("", to: "empty")
        try write("a,b,a\n", to: "twice")
        #expect(failure { _ = try feed(text) } == message)
    }

    @Test func aLoopWithoutRowsIsAPassingFailure() throws {
        try write("time,topic\n", to: "q")
        let feed = try feed(#"{"file":"q","loop":true}"#)
        #expect(throws: FeedFailure("q has no row that can be used", isPassing: true)) {
            _ = try feed.produced(at: zero)
        }
        try write("time,topic,x\n1,a,2\n", to: "q")
        #expect(try feed.produced(at: zero + .seconds(1)).updates.count == 1)
    }

    // MARK: The sample

    @Test func theSampleTakesTwoMinutes() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        var section = try settings(#"{"file":"samples/quotes.csv","topic":"replay/{symbol}"}"#)
        let feed = try ReplayFeed(
            origin: FeedOrigin(name: "replay", baseDirectory: root.path), settings: &section)
        let played = try play(feed)
        #expect(played.count == 480)
        #expect(Set(played.map(\.update.topic)).count == 8)
        #expect((110...130).contains(try #require(played.last).at))
        for (_, update) in played {
            #expect(try update.number("bid") < update.number("ask"))
        }
    }
}
