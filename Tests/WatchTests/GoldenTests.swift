/// Whole screens, as files for people to read. `TIDEGATE_GOLDENS=write swift test --filter GoldenTests` rewrites
/// them; read the difference before you commit it.
import Client
import Foundation
import Primitives
import Testing

@testable import Watch

struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens")

    private func check(_ grid: Grid, _ name: String) throws {
        let file = Self.folder.appendingPathComponent(name + ".txt")
        if ProcessInfo.processInfo.environment["TIDEGATE_GOLDENS"] == "write" {
            try Data(grid.text.utf8).write(to: file)
        }
        let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(grid.text == golden, "\(name)")
    }

    /// Twenty seconds of ten market symbols, one with a Japanese name, a host's metrics and a headline.
    private func market(_ size: Size, columns: [String]? = nil) throws -> Stage {
        var stage = Stage(["sim/*", "host/**"], columns: columns, size: size)
        var random = SeededGenerator(seed: 6)
        let names = [
            "ACME", "GLOBEX", "HOOLI", "INITECH", "STARKO", "TYRELL", "UMBREL", "WAYNEX", "ZORG", "トヨタ",
        ]
        for step in 0..<40 {
            for (place, name) in names.enumerated() where step == 0 || random.unit() < 0.6 {
                let price = 40.0 * Double(place * place + 1) * (1 + 0.02 * (random.unit() - 0.45))
                let last = fixed(price, decimals: 2)
                try stage.update(
                    "sim/\(name)",
                    #"{"simulated":true,"last":\#(last),"bid":\#(fixed(price - 0.02, decimals: 2)),"#
                        + #""ask":\#(fixed(price + 0.02, decimals: 2)),"volume":\#(step * 34_567 * (place + 1)),"#
                        + #""open":\#(fixed(40.0 * Double(place * place + 1), decimals: 2))}"#,
                    skipping: step > 0 && random.unit() < 0.2 ? 2 : 0)
            }
            try stage.update("host/cpu/total", #"{"busyPercent":\#(fixed(8 + random.unit(), decimals: 2))}"#)
            if step == 0 {
                stage.hear(.live)
                try stage.update("host/memory", #"{"totalBytes":16661762048,"usedBytes":1234567890}"#)
                try stage.update("news", #""Chip maker beats estimates""#)
            }
            stage.pass(.milliseconds(500))
        }
        stage.pass(.seconds(1))
        try stage.update("sim/HOOLI", #"{"last":201.55,"bid":201.53,"ask":201.57,"volume":9,"open":200.00}"#)
        stage.press(.down, .down)
        return stage
    }

    static let sizes = [(80, 24), (200, 60), (40, 12)]

    @Test(arguments: sizes, [true, false]) func table(size: (Int, Int), isUnicode: Bool) throws {
        var stage = try market(Size(columns: size.0, rows: size.1))
        let grid = stage.grid(Capabilities(depth: .full, isUnicode: isUnicode))
        try check(grid, "table-\(size.0)x\(size.1)-\(isUnicode ? "utf8" : "ascii")")
        if !isUnicode { #expect(grid.text.utf8.allSatisfy { $0 < 0x80 }) }
    }

    @Test(arguments: sizes, [true, false]) func detail(size: (Int, Int), isUnicode: Bool) throws {
        var stage = try market(Size(columns: size.0, rows: size.1))
        stage.type("/hooli")
        stage.press(.enter, .enter)
        let grid = stage.grid(Capabilities(depth: .full, isUnicode: isUnicode))
        try check(grid, "detail-\(size.0)x\(size.1)-\(isUnicode ? "utf8" : "ascii")")
    }

    @Test(arguments: sizes) func help(size: (Int, Int)) throws {
        var stage = try market(Size(columns: size.0, rows: size.1))
        stage.type("?")
        try check(stage.grid(), "help-\(size.0)x\(size.1)")
    }

    @Test func chosenColumnsSortedByOneOfThem() throws {
        var stage = try market(Size(columns: 80, rows: 24), columns: ["volume", "open"])
        stage.type("ssss")
        try check(stage.grid(), "sorted-by-volume")
    }

    @Test func aLinkThatWaits() throws {
        var stage = try market(Size(columns: 80, rows: 24))
        stage.hear(.disconnected(.silence(seconds: 25), retryAfter: .milliseconds(2340)))
        stage.type("p/sim")
        try check(stage.grid(), "waiting-and-paused")
    }

    /// The typed text is visible, even if the hint behind it has no room.
    @Test func whatIsTypedIsSeenInANarrowWindow() throws {
        var stage = try market(Size(columns: 40, rows: 12))
        stage.type("/sim")
        #expect(stage.grid().lines[11] == " filter: sim█")
        stage.type("/and/so/on/and/so/on/until/it/ends")
        #expect(stage.grid().lines[11] == " filter: /so/on/and/so/on/until/it/ends█")
    }

    /// Only one hint mentions Esc: the hint for what it leaves.
    @Test func theStatusLineSaysWhatEscLeaves() throws {
        var stage = try market(Size(columns: 200, rows: 60))
        stage.type("/hooli")
        stage.press(.enter)
        #expect(stage.grid().lines[59].contains("Esc all"))
        stage.press(.enter)
        #expect(stage.grid().lines[59].contains("Esc close"))
        #expect(!stage.grid().lines[59].contains("Esc all"))
        stage.press(.escape)
        #expect(stage.grid().lines[59].contains("Esc all"))
    }

    /// Requested columns come before all others, even if they hold no numbers.
    @Test func chosenColumnsComeFirst() throws {
        var stage = Stage(columns: ["side", "ok", "book.bid"])
        try stage.update("a", #"{"last":1.5,"side":"買い","ok":true,"book":{"bid":1.25}}"#)
        try stage.update("a-name-that-takes-as-much-room-as-it-is-given", #"{"last":2.5,"side":"buy"}"#)
        let lines = stage.grid().lines
        #expect(["SIDE", "OK", "BID"].allSatisfy { lines[2].contains($0) })
        #expect(["買い", "true", "1.25"].allSatisfy { lines[3].contains($0) })
        #expect(lines[4].contains("buy"))
    }

    @Test func aScrollBarSaysWhichRowsAreInSight() throws {
        var stage = Stage(size: Size(columns: 60, rows: 24))
        for number in 0..<200 { try stage.update("t/\(1000 + number)", "1") }
        stage.hear(.live)
        #expect(stage.grid().lines[3].hasSuffix("▐"))
        #expect(!stage.grid().lines[22].hasSuffix("▐"))
        stage.type("G")
        #expect(!stage.grid().lines[3].hasSuffix("▐"))
        #expect(stage.grid().lines[22].hasSuffix("▐"))
        stage.type("/t/110")
        #expect(!stage.grid().text.contains("▐"))
    }

    @Test func aWaitThatIsOverIsAnAttempt() throws {
        var stage = Stage()
        stage.hear(.heartbeat)
        stage.pass(.seconds(5))
        stage.hear(.disconnected(.silence(seconds: 5), retryAfter: .milliseconds(400)))
        #expect(stage.grid().lines[0].contains("again in 0.4 s  heard 5s ago  no sign of life for 5 s"))
        stage.pass(.milliseconds(400))
        #expect(stage.grid().lines[0].contains("connecting  heard 5s ago  no sign of life"))
    }

    /// At every size nothing is written outside, and nothing fails.
    @Test func fitsAnyWindow() throws {
        var stage = try market(Size(columns: 80, rows: 24))
        for columns in 0..<90 {
            for rows in 0..<30 where columns % 7 == 0 || rows % 5 == 0 || columns < 12 {
                stage.model.resize(to: Size(columns: columns, rows: rows))
                #expect(stage.grid().cells.count == columns * rows)
            }
        }
        stage.press(.enter)
        for columns in 0..<90 {
            stage.model.resize(to: Size(columns: columns, rows: columns / 3))
            #expect(stage.grid().size.columns == columns)
        }
    }

    // MARK: Colours

    @Test func aRiseFlashesGreenAndAFallRed() throws {
        var stage = Stage()
        try stage.update("a", "10")
        try stage.update("b", "10")
        stage.hear(.live)
        try stage.update("a", "11")
        try stage.update("b", "9")
        let grid = stage.grid()
        #expect(grid.style(of: "1", row: 3)?.ground == .up4)
        #expect(grid.style(of: "9", row: 4)?.ground == .down4)
        stage.pass(TopicRow.fadeStep * 2)
        #expect(stage.grid().style(of: "1", row: 3)?.ground == .up2)
        stage.pass(TopicRow.fadeStep * 2)
        #expect(stage.grid().style(of: "9", row: 4)?.ground == .plain)
    }

    /// In each depth the selected row is one bar, and a change is a patch that differs from its surroundings.
    @Test(arguments: ColourDepth.allCases, [true, false])
    func aFlashIsSeenInEveryDepth(depth: ColourDepth, isSelected: Bool) throws {
        var stage = Stage()
        try stage.update("a", "10")
        try stage.update("b", "10")
        stage.hear(.live)
        stage.press(isSelected ? .up : .down)
        try stage.update("a", "11")
        func grounds() -> (value: Ground?, row: Ground?) {
            let grid = stage.grid(Capabilities(depth: depth, isUnicode: true))
            return (grid.style(of: "1", row: 3)?.ground, grid[3, 1].style.ground)
        }
        #expect(grounds().row == (isSelected ? .selected : .plain))
        #expect(grounds().value != grounds().row)
        stage.pass(TopicRow.fadeStep * 3)
        let fading = try #require(grounds().value)
        #expect(fading == grounds().row || Palette.isSeen(fading, depth))
    }

    @Test func whatOthersWroteCannotSteerTheTerminal() throws {
        var stage = Stage()
        try stage.update("a", #""\u001b[2Jbell\u0007\u009b1m""#)
        let text = stage.grid().text
        #expect(text.contains("?[2Jbell??1m"))
    }
}
