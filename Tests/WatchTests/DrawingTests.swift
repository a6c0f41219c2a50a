import Testing

@testable import Watch

struct DrawingTests {
    @Test(arguments: [
        ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢", 2), ("ｱ", 1), ("Ａ", 2), ("😀", 2), ("\u{200B}", 0),
        ("한", 2),
        ("█", 1), ("⣿", 1), ("▲", 1), ("…", 1), ("⏎", 1), ("●", 1), ("\u{FE0F}", 0),
    ])
    func countsColumns(text: String, count: Int) {
        #expect(columnCount(of: text) == count)
    }

    @Test(arguments: [
        ("184.20", "last", "184", ".20", ""), ("-0.5", "x", "-0", ".5", ""), ("42", "x", "42", "", ""),
        ("12345678", "volume", "12", ".35", "M"), ("999999", "volume", "999999", "", ""),
        ("1234567890", "usedBytes", "1", ".15", "GiB"), ("512", "freeBytes", "512", "", "B"),
        ("35000", "receivedBytesPerSecond", "34", ".18", "KiB/s"),
        ("17.0600", "usedPercent", "17", ".06", "%"),
        ("0.30000000000000004", "x", "0", ".30000000000000004", ""), ("1e3", "x", "1", "", "e3"),
        ("-0.00000012345", "x", "-0", ".00000012345", ""), ("0.0", "x", "0", ".0", ""),
        ("123456789012345678901234567890", "x", "123456789012345678901234567890", "", ""),
        ("9.999e-8", "last", "9", ".999", "e-8"), ("2.5E+5", "x", "2", ".5", "E+5"),
        ("8389766036995847940", "id", "8389766036995847940", "", ""), ("1e999", "price", "1", "", "e999"),
        ("-0", "x", "-0", "", ""), ("1.10", "x", "1", ".10", ""), ("12345678", "last", "12345678", "", ""),
        ("1e999", "volume", "1", "", "e999"), ("-1e999", "usedBytes", "-1", "", "e999"),
        ("1e999", "usedPercent", "1", "", "e999"), ("1234567", "size", "1", ".23", "M"),
        ("227.98", "perSecond", "227", ".98", "/s"), ("12", "readsPerSecond", "12", "", "/s"),
        ("32572.02", "idleSeconds", "32572", ".02", "s"), ("7", "milliseconds", "7", "", "ms"),
        ("1.61", "percent", "1", ".61", "%"),
    ])
    func writesNumbers(text: String, name: String, whole: String, fraction: String, unit: String) {
        let number = NumberText(text, name: name)
        #expect([number.whole, number.fraction, number.unit] == [whole, fraction, unit])
    }

    @Test func aChangeThatRoundsToNothingHasNoSign() {
        #expect(NumberText(-0.001, decimals: 2, isSigned: true).whole == "0")
        #expect(NumberText(0.001, decimals: 2, isSigned: true).whole == "0")
        #expect(NumberText(0.01, decimals: 2, isSigned: true).whole == "+0")
    }

    @Test func aChangeTooSmallForItsDecimalsIsOneAllTheSame() {
        #expect(NumberText(change: 8e-22, decimals: 6).text == "+8.00e-22")
        #expect(NumberText(change: -0.001, decimals: 2).text == "-1.00e-3")
        #expect(NumberText(change: 0.01, decimals: 2).text == "+0.01")
        #expect(NumberText(change: 0, decimals: 2).text == "0.00")
        #expect(NumberText(change: 1, decimals: 0).text == "+1")
        #expect(NumberText(change: -2.5e17, decimals: 0).text == "-2.50e17")
    }

    /// What has no room is cut where it does not change the size of the number.
    @Test(arguments: [
        ("0.1000000000000000055511", 24, "0.1000000000000000055511"),
        ("0.1000000000000000055511", 12, "0.100000000…"),
        ("8389766036995847940", 19, "8389766036995847940"), ("8389766036995847940", 12, "8.389766…e18"),
        ("-123456789012345e999", 12, "-1.234…e1013"), ("123456789.5", 10, "1.23456…e8"),
        ("12345.6789e-30", 12, "12345.6…e-30"), ("0.00000000123456", 12, "1.23e-9"),
        ("-0.00000000123456", 12, "-1.23e-9"), ("0.0012345678901", 12, "0.001234567…"),
        ("0.00000000123456", 16, "0.00000000123456"),
    ])
    func cutsLongNumbers(text: String, width: Int, shown: String) {
        #expect(NumberText(text, name: "x").fitted(to: width, "…") == shown)
        #expect(columnCount(of: shown) <= width)
    }

    @Test func aScaledChangeHasItsSign() {
        #expect(NumberText(change: 2048, name: "usedBytes").text == "+2.00KiB")
        #expect(NumberText(change: -2048, name: "usedBytes").text == "-2.00KiB")
        #expect(NumberText(change: 0, name: "usedBytes").text == "0B")
        #expect(NumberText(change: 5e6, name: "volume").text == "+5.00M")
    }

    @Test(arguments: [
        (0, "now"), (999, "now"), (1000, "1s"), (59_999, "59s"), (60_000, "1m"), (7_200_000, "2h"),
        (86_400_000 * 3, "3d"), (86_400_000 * 20_000, "old"),
    ])
    func writesAges(milliseconds: Int, text: String) {
        #expect(ageText(milliseconds: UInt64(milliseconds)) == text)
    }

    @Test func groupsThousands() {
        #expect(
            [0, 999, 1000, 1_234_567, -1000].map { grouped($0) } == [
                "0", "999", "1,000", "1,234,567", "-1,000",
            ])
    }

    @Test func sparklinesShowLowAndHigh() {
        let levels = Symbols.unicode.levels
        #expect(Sparkline.text(of: [0, 1, 2, 3, 4, 5, 6, 7], width: 8, levels: levels) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.text(of: [9, 9, 0, 1], width: 2, levels: levels) == "▁█")
        #expect(Sparkline.text(of: [5, 5, 5], width: 8, levels: levels) == "▄▄▄")
        #expect(Sparkline.text(of: [], width: 8, levels: levels).isEmpty)
    }

    @Test func dotsDrawALine() throws {
        let rise = try #require(DotChart([0, 1, 2, 3], columns: 2, rows: 1, isUnicode: true))
        #expect(rise.lines == ["⡠⠊"])
        let jump = try #require(DotChart([0, 0, 9, 9], columns: 4, rows: 3, isUnicode: false))
        #expect(jump.lines == ["  **", "  * ", "**  "])
        #expect(jump.tops == [2, 2, 0, 0])
        #expect(jump.line(of: 0) == 2)
        #expect(jump.line(of: 9) == 0)
        #expect(DotChart([1], columns: 4, rows: 2, isUnicode: true) == nil)
    }

    @Test func aRingKeepsTheLatest() {
        var history = History()
        for number in 0..<(History.limit + 10) { history.append(Numeral(Double(number))) }
        #expect(history.count == History.limit)
        #expect(history.suffix(2) == [Double(History.limit + 8), Double(History.limit + 9)])
        #expect(history.suffix(1000).first == 10)
    }

    /// The extremes of doubles have no range between them, and the smallest have no half.
    @Test(arguments: [
        [-1.7e308, 1.7e308], [0, .leastNonzeroMagnitude],
        [8_389_766_036_995_848_192, 8_389_766_036_995_849_216],
    ])
    func drawsWhateverDoublesHold(values: [Double]) throws {
        #expect(Sparkline.text(of: values, width: 2, levels: Symbols.unicode.levels) == "▁█")
        let chart = try #require(DotChart(values, columns: 2, rows: 2, isUnicode: false))
        #expect(chart.lines == [" *", "* "])
        #expect(chart.line(of: values[1]) == 0)
    }

    @Test func wholeJSONIsShownWhateverItsShape() {
        func lines(_ text: String, width: Int = 20, height: Int = 9) -> [String] {
            JSONText.lines(of: Array(text.utf8).span, width: width, height: height)
                .map { $0.indent + $0.parts.map { $0.name + $0.value }.joined(separator: "  ") }
        }
        #expect(lines(#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#) == ["a: 1", "b: ", "  c: [1,2]", "  d: \"x\""])
        #expect(lines("42") == ["42"])
        #expect(lines(#"{"a":1,"b":2,"c":3}"#, height: 2) == ["a: 1  b: 2  c: 3"])
        #expect(
            lines(#"{"a":1,"b":{"c":2,"d":[]},"e":{}}"#, height: 2) == ["a: 1  b.c: 2", "b.d: []  e: {}"])
        #expect(lines("{}") == ["{}"])
        #expect(lines(#"{"name":"longer than a line is"}"#) == [#"name: "longer than a"#, #" line is""#])
        #expect(lines(#"{"名":"漢字漢字漢字"}"#, width: 10) == [#"名: "漢字"#, #"漢字漢字""#])
        #expect(lines("[1,2,3,4,5,6]", width: 5).joined() == "[1,2,3,4,5,6]")
    }
}
