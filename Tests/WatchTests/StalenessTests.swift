import Client
import Primitives
import Testing

@testable import Watch

/// A value that has grown old is shown as such.
struct StalenessTests {
    private func staleSince(_ stage: Stage, _ topic: String) -> UInt64? {
        stage.model.table.row(of: Array(topic.utf8)).flatMap { stage.model.table.rows[$0].staleSince }
    }

    /// A topic's row on the screen.
    private func row(_ topic: String, of grid: Grid) throws -> Int {
        try #require(grid.lines.firstIndex { $0.contains(topic) })
    }

    @Test func itLastsUntilTheNextUpdateOrTheEnd() throws {
        var stage = Stage()
        try stage.update("a", "1")
        try stage.update("b", "1")
        stage.hear(.live)
        stage.grow(stale: "a")
        stage.grow(stale: "b")
        stage.grow(stale: "nobody")
        #expect(staleSince(stage, "a") == stage.time.milliseconds)
        stage.hear(.update(try stage.update("a", "1", version: 1), conflated: 0))
        #expect(staleSince(stage, "a") != nil, "a repeat is no update")
        try stage.update("a", "2")
        stage.hear(.update(try stage.update("b", nil, version: 2), conflated: 0))
        stage.hear(.update(try stage.update("b", "3", version: 3), conflated: 0))
        #expect(staleSince(stage, "a") == nil && staleSince(stage, "b") == nil)
    }

    @Test func aResumeKeepsItAndASnapshotSaysItAnew() throws {
        var stage = Stage()
        try stage.update("a", "1")
        try stage.update("b", "1")
        stage.hear(.live)
        stage.grow(stale: "a")
        stage.grow(stale: "b")
        stage.model.begin(isWhole: false)
        stage.hear(.live)
        #expect(staleSince(stage, "a") != nil)
        stage.hear(.reset)
        for topic in ["a", "b"] {
            stage.hear(.update(try stage.update(topic, "1", version: 1), conflated: 0))
        }
        stage.grow(stale: "b")
        stage.hear(.live)
        #expect(staleSince(stage, "a") == nil && staleSince(stage, "b") != nil)
    }

    @Test(arguments: ColourDepth.allCases) func itsRowIsDimAndMarked(depth: ColourDepth) throws {
        var stage = Stage()
        for topic in ["t/a", "t/b"] {
            try stage.update(topic, "1")
            try stage.update(topic, "2")
        }
        stage.hear(.live)
        stage.pass(.seconds(3))
        let capabilities = Capabilities(depth: depth, isUnicode: true)
        let before = stage.grid(capabilities)
        stage.grow(stale: "t/b")
        let after = stage.grid(capabilities)
        let (fresh, stale) = (try row("t/a", of: after), try row("t/b", of: after))
        #expect(after.lines[fresh] == before.lines[fresh])
        #expect(after.lines[stale].hasPrefix(" ~t/b"), "the mark is there without colours too")
        #expect(before.style(of: "2", row: stale)?.isBold == true)
        for column in 0..<after.size.columns where after[stale, column].scalar != " " {
            #expect(after[stale, column].style.ink == .dim && !after[stale, column].style.isBold)
        }
    }

    // MARK: All that is not live

    /// Whether the topic's row looks live: with its colours, and without the mark.
    private func looksLive(_ topic: String, _ stage: inout Stage) throws -> Bool {
        let grid = stage.grid()
        let place = try row(topic, of: grid)
        let isMarked = grid.lines[place].contains("~\(topic)")
        let isDim = (1..<grid.size.columns).allSatisfy { column in
            grid[place, column].scalar == " " || grid[place, column].style.ink == .dim
        }
        #expect(isMarked == isDim, "the mark says the same as the colours")
        return !isMarked
    }

    @Test func withoutALinkNothingLooksLive() throws {
        var stage = Stage()
        try stage.update("t/a", "1")
        #expect(try looksLive("t/a", &stage), "a snapshot has just said so")
        stage.hear(.live)
        #expect(try looksLive("t/a", &stage))
        stage.hear(.disconnected(.silence(seconds: 5), retryAfter: .seconds(1)))
        #expect(try !looksLive("t/a", &stage))
        // A new link vouches for it when it is live, and not before.
        stage.model.begin(isWhole: false)
        #expect(try !looksLive("t/a", &stage))
        stage.hear(.connected(.webSocket))
        #expect(try !looksLive("t/a", &stage))
        stage.hear(.live)
        #expect(try looksLive("t/a", &stage))
        stage.hear(.away(true))
        #expect(try !looksLive("t/a", &stage))
        stage.hear(.away(false))
        #expect(try looksLive("t/a", &stage))
        stage.hear(.disconnected(.finished, retryAfter: nil))
        #expect(try !looksLive("t/a", &stage))
    }

    @Test func theDetailDoesNotEither() throws {
        var stage = Stage()
        for value in 1...9 { try stage.update("t/a", "\(value)") }
        stage.hear(.live)
        stage.press(.enter)
        func title() throws -> String { try #require(stage.grid().lines.last { $0.contains("version") }) }
        #expect(try !title().contains("~9"))
        stage.hear(.disconnected(.silence(seconds: 5), retryAfter: .seconds(1)))
        #expect(try title().contains("~9"))
    }

    @Test func theLastSignOfLifeCounts() throws {
        var stage = Stage()
        try stage.update("t/a", "1")
        stage.hear(.live)
        stage.pass(.seconds(20))
        stage.hear(.heartbeat)
        stage.pass(.seconds(13))
        let restart = ClientFailure.goodbye(reason: "draining", reconnectAfterMilliseconds: 4000)
        stage.hear(.disconnected(restart, retryAfter: .seconds(4)))
        let header = stage.grid().lines[0]
        #expect(header.contains("again in 4.0 s  heard 13s ago  the gateway is restarting; r c"))
    }

    @Test func theSelectedRowKeepsItsGroundAndMarker() throws {
        var stage = Stage()
        try stage.update("t/a", "1")
        stage.hear(.live)
        stage.grow(stale: "t/a")
        let grid = stage.grid()
        let row = try row("t/a", of: grid)
        #expect(grid.lines[row].hasPrefix("▌~t/a"))
        #expect((0..<grid.size.columns).allSatisfy { grid[row, $0].style.ground == .selected })
    }

    @Test(arguments: [(80, 0, "stale"), (80, 12_900, "stale for 12s"), (40, 61_000, "stale 1m")])
    func theDetailSaysHowLong(columns: Int, age: UInt64, text: String) throws {
        var stage = Stage(size: Size(columns: columns, rows: 24))
        try stage.update("t/a", "1")
        try stage.update("t/a", "2")
        stage.hear(.live)
        stage.press(.enter)
        #expect(!stage.grid().text.contains("stale"))
        stage.grow(stale: "t/a", age: age)
        let grid = stage.grid()
        #expect(grid.text.contains(text))
        #expect(
            !grid.cells.contains { [.up, .down].contains($0.style.ink) && $0.scalar > "\u{2800}" },
            "the chart has no colour")
    }

    @Test func anAgeCountsFromThePublishersMoment() throws {
        var stage = Stage()
        let now = stage.time.milliseconds
        for (topic, at) in [("t/a", now - 7_200_000), ("t/b", nil), ("t/c", now + 5000)] {
            stage.hear(.update(try stage.update(topic, "1", version: 1, age: 5000, at: at), conflated: 0))
        }
        stage.hear(.live)
        let lines = stage.grid().lines
        for (topic, age) in [("t/a", "2h"), ("t/b", "5s"), ("t/c", "now")] {
            #expect(lines.contains { $0.contains(topic) && $0.contains(age) })
        }
        stage.type("ssss")
        #expect(stage.model.sort.column == .age)
        #expect(stage.names() == ["t/c", "t/b", "t/a"])
    }
}
