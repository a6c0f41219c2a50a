import Client
import Primitives
import Testing

@testable import Watch

struct WatchModelTests {
    @Test func keepsTheLatestValueAndCountsWhatWasReplaced() throws {
        var stage = Stage()
        #expect(try stage.update("a", "1"))
        #expect(try stage.update("a", "4", skipping: 3))
        let row = stage.model.table.rows[0]
        #expect(row.numeral?.value == 4)
        #expect(row.change == 3)
        #expect(row.changePercent == 300)
        #expect(row.conflatedCount == 3)
        #expect(stage.model.conflatedCount == 3)
        #expect(row.history.suffix(9) == [1, 4])
        #expect(row.direction == 1)
    }

    @Test func ignoresWhatAResumeRepeats() throws {
        var stage = Stage()
        try stage.update("a", "1")
        let again = try stage.update("a", "1", version: 1)
        let isNews = stage.hear(.update(again, conflated: 0))
        #expect(!isNews)
        #expect(stage.model.table.rows[0].history.count == 1)
    }

    /// A gateway that lost its state counts from 1 again, and topics that it no longer knows are gone.
    @Test func aResetTakesLowerVersionsAndEndsWhatIsNotNamed() throws {
        var stage = Stage()
        try stage.update("a", "1", skipping: 40)
        try stage.update("gone", "1")
        stage.hear(.live)
        stage.hear(.reset)
        #expect(stage.names() == ["a", "gone"], "rows stay until the new snapshot is whole")
        let isNews = stage.hear(.update(try stage.update("a", "2", version: 1), conflated: 0))
        #expect(isNews)
        stage.hear(.live)
        #expect(stage.names() == ["a"])
        #expect(stage.model.table.rows[0].update.version == 1)
        #expect(stage.model.conflatedCount == 0)
    }

    @Test func aResumeEndsNothing() throws {
        var stage = Stage()
        try stage.update("a", "1")
        stage.hear(.live)
        stage.model.begin(isWhole: false)
        stage.hear(.connected(.poll))
        stage.hear(.live)
        #expect(stage.names() == ["a"])
    }

    @Test func aTombstoneEndsItsRow() throws {
        var stage = Stage()
        try stage.update("a", "1")
        try stage.update("b", "1")
        stage.hear(.update(try stage.update("a", nil, version: 2), conflated: 0))
        #expect(stage.names() == ["b"])
    }

    @Test func countsChangesFromTheOpenWhereThereIsOne() throws {
        var stage = Stage()
        try stage.update("a", #"{"last":11,"open":10}"#)
        #expect(stage.model.table.rows[0].change == 1)
        #expect(stage.model.table.rows[0].changePercent == 10)
    }

    @Test func readsNumbersInQuotesAndWithinMembers() throws {
        var stage = Stage(columns: ["book.bid"])
        try stage.update("a", #"{"price":"97123.45","book":{"bid":"97123.40"}}"#)
        #expect(stage.model.table.rows[0].numeral?.value == 97123.45)
        #expect(stage.grid().lines.contains { $0.contains("97123.45") && $0.contains("97123.40") })
    }

    @Test func guessesColumnsFromTheData() throws {
        var stage = Stage()
        for name in ["a", "b", "c"] {
            try stage.update(
                name, #"{"odd":true,"low":1,"last":2,"ask":3,"open":2,"bid":1,"extra":9,"change":0}"#)
        }
        try stage.update("d", #"{"last":1,"only":7}"#)
        stage.hear(.live)
        #expect(stage.model.columns.map(\.description) == ["bid", "ask", "low", "extra", "only"])
    }

    // MARK: Keys

    /// The link is live, and what it shows may be old; a new link is as good as it says.
    @Test func aGatewayThatIsBehindIsShown() throws {
        var stage = Stage()
        stage.hear(.live)
        let texts = ["behind", "live"]
        func shown() -> [Bool] {
            let line = stage.grid().text(ofRow: 0)
            return texts.map { line.contains($0) }
        }
        #expect(shown() == [false, true])
        stage.hear(.away(true))
        #expect(shown() == [true, false])
        stage.hear(.away(false))
        #expect(shown() == [false, true])
        stage.hear(.away(true))
        stage.hear(.disconnected(.lost(reason: "it"), retryAfter: .seconds(1)))
        #expect(shown() == [false, false])
        stage.hear(.connected(.webSocket))
        stage.hear(.live)
        #expect(shown() == [false, true])
    }

    private func stage(_ names: String...) throws -> Stage {
        var stage = Stage()
        for (place, name) in names.enumerated() {
            try stage.update(name, #"{"last":\#(place),"bid":\#(-place)}"#)
        }
        stage.hear(.live)
        return stage
    }

    @Test func movesAndKeepsTheSelectedTopicSelected() throws {
        var stage = try stage("b", "d", "f")
        #expect(stage.selectedName() == "b")
        stage.press(.down)
        #expect(stage.selectedName() == "d")
        try stage.update("a", "1")
        try stage.update("c", "1")
        #expect(stage.selectedName() == "d", "the row moves, the selection with it")
        stage.type("G")
        #expect(stage.selectedName() == "f")
        stage.type("kk")
        #expect(stage.selectedName() == "c")
        stage.type("g")
        #expect(stage.selectedName() == "a")
        stage.press(.up, .pageUp)
        #expect(stage.selectedName() == "a")
        stage.press(.pageDown)
        #expect(stage.selectedName() == "f")
    }

    @Test func scrollsAsFarAsNeeded() throws {
        var stage = Stage(size: Size(columns: 60, rows: 10))
        for number in 10..<40 { try stage.update("t/\(number)", "1") }
        stage.press(.end)
        #expect(stage.selectedName() == "t/39")
        #expect(stage.model.top == 30 - Layout(size: stage.model.size, showsDetail: false).tableRows.count)
        _ = stage.model.handle(.wheel(-3, row: 4), now: stage.now)
        #expect(stage.selectedName() == "t/36")
        _ = stage.model.handle(.press(column: 3, row: 3), now: stage.now)
        #expect(stage.selectedName() == "t/\(10 + stage.model.top + 1)")
    }

    @Test func filtersAsItIsTyped() throws {
        var stage = try stage("stocks/AAPL", "stocks/MSFT", "fx/EUR")
        stage.type("/aa")
        #expect(stage.names() == ["stocks/AAPL"])
        stage.press(.backspace, .backspace)
        #expect(stage.names().count == 3)
        stage.type("x/")
        stage.press(.enter)
        #expect(stage.names() == ["fx/EUR"])
        #expect(stage.model.prompt == nil)
        stage.type("/q")
        #expect(stage.names().isEmpty, "q is a letter here")
        stage.press(.escape)
        #expect(stage.names() == ["fx/EUR"], "Esc takes back what was typed")
        stage.press(.escape)
        #expect(stage.names().count == 3, "and the next one the filter")
    }

    @Test func sortsByEachColumnInTurn() throws {
        var stage = try stage("a", "b", "c")
        #expect(stage.names() == ["a", "b", "c"])
        stage.type("s")
        #expect(stage.model.sort.column == .value)
        #expect(stage.names() == ["c", "b", "a"])
        stage.type("S")
        #expect(stage.names() == ["a", "b", "c"])
        stage.type("sss")
        #expect(stage.model.sort.column == .member(0))
        #expect(stage.names() == ["a", "b", "c"], "bid is 0, -1, -2")
        stage.type("sss")
        #expect(stage.model.sort.column == .topic)
    }

    @Test func sortsByWordsWhereAColumnHasThem() throws {
        var stage = Stage(columns: ["side"])
        try stage.update("a", #"{"last":1,"side":"buy"}"#)
        try stage.update("b", #"{"last":1,"side":"sell"}"#)
        try stage.update("c", #"{"last":1}"#)
        try stage.update("d", #"{"last":1,"side":7}"#)
        stage.type("ssss")
        #expect(stage.model.sort.column == .member(0))
        #expect(stage.names() == ["d", "b", "a", "c"])
        stage.type("S")
        #expect(stage.names() == ["d", "a", "b", "c"])
    }

    @Test func aSortedTableFollowsTheValues() throws {
        var stage = try stage("a", "b")
        stage.type("s")
        #expect(stage.names() == ["b", "a"])
        try stage.update("a", #"{"last":9}"#)
        #expect(stage.names() == ["a", "b"])
    }

    @Test func dropsAndRestoresRows() throws {
        var stage = try stage("a", "b", "c")
        stage.type("jd")
        #expect(stage.names() == ["a", "c"])
        #expect(stage.selectedName() == "c")
        try stage.update("b", "5")
        #expect(stage.names() == ["a", "c"], "an update brings nothing back")
        stage.type("u")
        #expect(stage.names() == ["a", "b", "c"])
        #expect(stage.selectedName() == "b")
    }

    @Test func aPausedScreenStandsAndLosesNothing() throws {
        var stage = try stage("a")
        stage.type("p")
        let before = stage.grid().lines[3]
        try stage.update("a", #"{"last":77}"#)
        #expect(stage.grid().lines[3] == before)
        stage.type("p")
        #expect(stage.grid().lines[3].contains("77"))
    }

    @Test func asksForAnotherSubscription() throws {
        var stage = try stage("a")
        #expect(stage.type("t") == [.subscribe(isWhole: false)])
        #expect(stage.model.subscription.transport == .eventStream)
        #expect(stage.type("tt").count == 2)
        #expect(stage.model.subscription.transport == .webSocket)
        #expect(stage.type("-") == [.subscribe(isWhole: false)])
        #expect(stage.model.subscription.pace == 5)
        #expect(stage.type("++++").count == 4)
        #expect(stage.model.subscription.pace == nil)
        #expect(stage.type("+").isEmpty, "there is nothing above no limit")
        #expect(stage.type("-") == [.subscribe(isWhole: false)])
        #expect(stage.model.subscription.pace == 30)
        #expect(stage.type("r") == [.subscribe(isWhole: false)])
    }

    @Test func addsPatterns() throws {
        var stage = Stage(["a/*"])
        stage.type("afx/**")
        #expect(stage.press(.enter) == [.subscribe(isWhole: true)])
        #expect(stage.model.subscription.topics == ["a/*", "fx/**"])
        stage.type("afx/**")
        #expect(stage.press(.enter).isEmpty, "it is there already")
        stage.type("ax//y")
        #expect(stage.press(.enter).isEmpty)
        #expect(stage.model.notice?.isWarning == true)
        stage.type("az")
        #expect(stage.press(.escape).isEmpty)
        #expect(stage.model.subscription.topics == ["a/*", "fx/**"])
    }

    @Test(arguments: ["a//b", "/a", "a/", "a b", "a,b", "a/**/b", "a*", "..", "a/./b", "a\u{7F}"])
    func refusesPatternsThatTheGatewayWould(pattern: String) {
        #expect(patternFault(pattern) != nil)
    }

    @Test(arguments: ["a", "*", "**", "a/*/b", "a/**", "é/漢"])
    func takesPatternsThatTheGatewayWould(pattern: String) {
        #expect(patternFault(pattern) == nil)
    }

    @Test func endsAndSuspends() throws {
        var stage = try stage("a")
        #expect(stage.press(.text("q")) == [.quit])
        #expect(stage.press(.control("c")) == [.quit])
        #expect(stage.press(.control("z")) == [.suspend])
        #expect(stage.press(.control("l")) == [.redraw])
        stage.type("/")
        #expect(stage.press(.text("q")).isEmpty)
        #expect(stage.press(.control("c")) == [.quit], "Ctrl-C ends everywhere")
    }

    @Test func helpIsLeftWithAnyKey() throws {
        var stage = try stage("a")
        stage.type("?")
        #expect(stage.grid().text.contains("filter by name as you type"))
        #expect(stage.press(.text("q")).isEmpty, "the page is left, not the program")
        #expect(!stage.model.showsHelp)
    }

    // MARK: What the header is made of

    @Test func measuresRateAndLatency() throws {
        var stage = Stage()
        stage.hear(.live)
        for _ in 0..<40 {
            try stage.update("a", "1", age: 30)
            stage.pass(.milliseconds(50))
        }
        #expect(stage.model.rate.perSecond(now: stage.now) == 20)
        #expect((stage.model.latency ?? 0).rounded() == 30)
        stage.pass(.seconds(5))
        #expect(stage.model.rate.perSecond(now: stage.now) == 0)
    }

    @Test func aClockThatIsBehindShowsNoNegativeLatency() throws {
        var stage = Stage()
        stage.hear(.live)
        let ahead = try Update(line: Array(#"{"topic":"a","version":1,"time":1764000009999,"data":1}"#.utf8))
        stage.hear(.update(ahead, conflated: 0))
        #expect(stage.model.latency == 0)
        #expect(stage.grid().lines.contains { $0.contains("now") })
    }

    @Test func flashesFadeInFourSteps() throws {
        var stage = try stage("a")
        try stage.update("a", #"{"last":5}"#)
        var seen: [Int] = []
        for _ in 0..<6 {
            seen.append(stage.model.table.rows[0].freshness(now: stage.now))
            stage.pass(TopicRow.fadeStep)
        }
        #expect(seen == [4, 3, 2, 1, 0, 0])
    }
}
