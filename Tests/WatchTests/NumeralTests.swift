import Client
import Primitives
import Testing

@testable import Watch

/// Numbers keep the digits that came, whatever doubles make of them.
struct NumeralTests {
    private func numeral(_ text: String) throws -> Numeral {
        let read = Numeral(Array(text.utf8).span)
        return try #require(read)
    }

    static let rising = [
        "-1e999", "-1e998", "-8389766036995847941", "-8389766036995847940", "-1.1", "-1e-400", "0", "1e-401",
        "1e-400", "0.1", "0.1000000000000000055511", "1.10", "9007199254740992", "9007199254740993",
        "8389766036995847940", "8389766036995847941", "8389766036995847941.5", "1e22", "1e998", "1e999",
        "1e99999999999999999999",
    ]

    @Test func comparesToTheLastDigit() throws {
        for (place, left) in Self.rising.enumerated() {
            for (other, right) in Self.rising.enumerated() {
                #expect(try (numeral(left) < numeral(right)) == (place < other), "\(left) \(right)")
                #expect(try (numeral(left) == numeral(right)) == (place == other), "\(left) \(right)")
            }
        }
        for (left, right) in [
            ("1.10", "1.1"), ("-0", "0"), ("1e3", "1000"), ("120E-1", "12.0"), ("1e999", "10e998"),
        ] {
            #expect(try numeral(left) == numeral(right), "\(left) \(right)")
        }
    }

    @Test(arguments: [
        ("8389766036995847941", "8389766036995847940", 1.0),
        ("0.1000000000000000055519", "0.1000000000000000055511", 8e-22),
        ("0.3", "0.1", 0.19999999999999998), ("-0", "0", 0), ("1e999", "1e999", 0), ("1e-400", "1e-400", 0),
        ("-8389766036995847940", "8389766036995847941", -16_779_532_073_991_696_384), ("12.5", "-0", 12.5),
    ])
    func subtractsToTheLastDigit(left: String, right: String, difference: Double) throws {
        #expect(try numeral(left) - numeral(right) == difference)
    }

    /// No difference is told rather than a wrong one.
    @Test(arguments: [("1e999", "1"), ("1e60", "1.00000000000000001"), ("-1e999", "1e999")])
    func knowsWhatItCannotSubtract(left: String, right: String) throws {
        #expect(try numeral(left) - numeral(right) == nil)
    }

    @Test(arguments: [
        "0", "-0", "-0.00", "1", "12.5", "-3.250", "0.1", "97123.45", "123456789012345", "1234567890123456",
        "0.0000001",
        "1e5", "2.5E-3", "12345678901234567890", "0.30000000000000004", "0.000000000000000001",
        "0.0000000000000000001",
        "1e999", "-1e-999", "99999999999999.9", "0.999999999999999",
    ])
    func readsAndWrites(text: String) throws {
        #expect(try numeral(text).value == Double(text))
        #expect(try numeral(text).written == text)
        var history = History()
        history.append(try numeral(text))
        if try numeral(text).value.isFinite { #expect(history.numeral(at: 0).written == text) }
    }

    @Test func aHistoryKeepsItsNumerals() throws {
        var history = History()
        let texts = (0..<History.limit * 3).map {
            $0.isMultiple(of: 3) ? "838976603699584\($0)000.10" : "\($0).50"
        }
        for text in texts { history.append(try numeral(text)) }
        #expect(
            (0..<History.limit).map { history.numeral(at: $0).written } == Array(texts.suffix(History.limit)))
    }

    // MARK: On the screen

    private static let values: [(topic: String, before: String, after: String, shown: String)] = [
        ("int", "8389766036995847940", "8389766036995847941", "8389766036995847941"),
        ("fraction", "0.1000000000000000055511", "0.1000000000000000055519", "0.1000000000000000055519"),
        ("infinite", "1", "1e999", "1e999"), ("zero", "0", "-0", "-0"), ("tens", "1.05", "1.10", "1.10"),
        ("quoted", #""1.1""#, #""1.10""#, "1.10"), ("huge", "1.7e308", "-1.7e308", "-1.7e308"),
        ("steep", "1e-300", "1e300", "1e300"),
        (
            "order", #"{"id":1}"#, #"{"id":8389766036995847940,"px":0.1000000000000000055511}"#,
            "8389766036995847940"
        ),
    ]

    private func stage(_ size: Size) throws -> Stage {
        var stage = Stage(columns: ["px"], size: size)
        for (topic, before, _, _) in Self.values { try stage.update(topic, before) }
        stage.hear(.live)
        for (topic, _, after, _) in Self.values { try stage.update(topic, after) }
        return stage
    }

    @Test func theTableShowsTheDigitsThatCame() throws {
        var stage = try stage(Size(columns: 160, rows: 24))
        let lines = stage.grid().lines
        for (topic, _, _, shown) in Self.values {
            let line = try #require(lines.first { $0.contains(topic) })
            #expect(line.split(separator: " ").contains { $0 == shown }, "\(line)")
        }
        let line = try #require(lines.first { $0.contains("order") })
        #expect(line.contains("0.1000000000000000055511"))
        let moved = try #require(lines.first { $0.contains("int") })
        #expect(moved.contains(" +1 "))
    }

    @Test(arguments: values.map(\.topic)) func theDetailShowsTheDigitsThatCame(topic: String) throws {
        var stage = try stage(Size(columns: 120, rows: 40))
        let value = try #require(Self.values.first { $0.topic == topic })
        stage.type("/\(topic)")
        stage.press(.enter, .enter)
        let detail = stage.grid().lines.suffix(from: 20).joined(separator: "\n")
        #expect(detail.contains(value.shown), "\(detail)")
        let end = value.after.filter { $0 != "\"" && $0 != "}" }.suffix(12)
        #expect(detail.contains(end), "\(detail)")
    }

    /// A value without decimals among others that have some.
    @Test func aChangeHasTheDecimalsOfBothItsEnds() throws {
        var stage = Stage(size: Size(columns: 120, rows: 24))
        try stage.update("a", "104250.5")
        stage.hear(.live)
        try stage.update("a", "104251")
        #expect(stage.grid().lines.contains { $0.contains(" 104251 ") && $0.contains("+0.5 ") })
    }

    /// The highest, the latest and the lowest value.
    @Test func theChartsLabelsAreTheDigitsThatCame() throws {
        var stage = Stage(size: Size(columns: 120, rows: 40))
        for text in [
            "8389766036995840007", "8389766036995847940", "8389766036995840001", "8389766036995844444",
        ] {
            try stage.update("a", text)
        }
        stage.hear(.live)
        stage.press(.down, .enter)
        let text = stage.grid().text
        for label in ["8389766036995847940", "8389766036995844444", "8389766036995840001"] {
            #expect(text.contains(label))
        }
    }

    /// A row whose numbers are too wide for the window still has its value.
    @Test func aNarrowWindowCutsWhatItMust() throws {
        var stage = try stage(Size(columns: 30, rows: 16))
        let lines = stage.grid().lines
        #expect(lines.contains { $0.contains("int") && $0.contains("8.389766036995…e18") })
        #expect(
            lines.contains {
                $0.contains("fraction") && $0.contains("0.100000000000000…")
            })
    }

    @Test func aMoveThatDoublesDoNotSeeFlashesAndSorts() throws {
        var stage = try stage(Size(columns: 120, rows: 24))
        let rows = stage.model.table.rows
        func direction(_ topic: String) -> Int? { rows.first { $0.name == topic }?.direction }
        #expect(direction("int") == 1)
        #expect(direction("fraction") == 1)
        #expect(direction("infinite") == 1)
        #expect(direction("huge") == -1)
        for text in ["8389766036995847939", "8389766036995847942"] {
            try stage.update("a\(text.suffix(1))", text)
        }
        stage.type("s")
        #expect(
            stage.names().prefix(6) == ["infinite", "steep", "a2", "int", "order", "a9"],
            "from the largest down; doubles hold them equal")
        stage.type("S")
        #expect(stage.names().suffix(6) == ["a9", "order", "int", "a2", "steep", "infinite"])
    }
}
