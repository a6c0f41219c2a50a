/// The page behind `?`.
internal import Primitives

extension WatchView {
    private struct Entry {
        let keys: String
        let what: String
        /// For windows too small for `keys` and `what`.
        let shortKeys: String
        let short: String

        init(_ keys: String, _ what: String, _ shortKeys: String, _ short: String) {
            self.keys = keys
            self.what = what
            self.shortKeys = shortKeys
            self.short = short
        }
    }

    private static let groups: [(title: String, entries: [Entry])] = [
        (
            "Move",
            [
                Entry("j k  arrows  wheel", "a row down, up; a click selects one", "j k", "move"),
                Entry("PgUp PgDn  Space", "a page", "PgUp PgDn", "page"),
                Entry("g G  Home End", "the first row, the last", "g G", "ends"),
                Entry("h l  left right", "other columns; the detail's JSON", "h l", "columns"),
            ]
        ),
        (
            "Look",
            [
                Entry("/", "filter by name as you type; Esc: all again", "/", "filter"),
                Entry("s  S", "sort by the next column; turn the order round", "s S", "sort, turn"),
                Entry("Enter", "detail of the row: chart and JSON; Esc closes", "Enter", "detail"),
                Entry("p", "pause the screen; what comes is kept", "p", "pause"),
                Entry("d  u", "drop the row; bring the last one back", "d u", "drop, undo"),
            ]
        ),
        (
            "Stream",
            [
                Entry("+  -", "pace: more or fewer updates of a topic", "+ -", "pace"),
                Entry("t", "transport: ws, sse, poll; goes on where it was", "t", "transport"),
                Entry("a", "add a topic or pattern", "a", "add topics"),
                Entry("r", "connect again now", "r", "reconnect"),
            ]
        ),
        (
            "Leave",
            [
                Entry("Ctrl-L  Ctrl-Z", "draw anew; suspend, fg comes back", "^L ^Z", "redraw, bg"),
                Entry("q  Ctrl-C", "quit", "q", "quit"),
            ]
        ),
    ]

    private static let notes = [
        ("CHANGE", "since the day's open, else the first value seen"),
        ("CONFL  ~", "updates that newer ones replaced; a stale value"),
    ]

    private static let titleWidth = 10
    private static let keysWidth = 21
    private static let pageWidth = 80
    private static let shortWidth = 20

    func drawHelp(on grid: inout Grid) {
        let rows = layout.titleRow..<layout.statusRow
        let count = Self.groups.reduce(0) { $0 + $1.entries.count }
        if grid.size.columns < Self.pageWidth || rows.count < count {
            drawShortHelp(rows, on: &grid)
        } else {
            drawWholeHelp(rows, spare: rows.count - count, on: &grid)
        }
    }

    /// `spare`: rows that the keys leave over, spent on extras in the order of their worth.
    private func drawWholeHelp(_ rows: Range<Int>, spare: Int, on grid: inout Grid) {
        let left = max((grid.size.columns - Self.pageWidth) / 2, 0) + 2
        let end = grid.size.columns
        let gap = spare >= Self.groups.count ? 1 : 0
        let hasNotes = spare >= Self.groups.count * gap + Self.notes.count
        var row = rows.lowerBound + (spare > 10 ? 3 : spare > 6 ? 1 : 0)
        func put(_ title: String, _ keys: String, _ what: String) {
            let next = left + Self.titleWidth
            grid.put(title, row: row, column: left, end: end, Style(.dim))
            grid.put(keys, row: row, column: next, end: end, Style(.title, isBold: true))
            grid.put(what, row: row, column: next + Self.keysWidth, end: end)
            row += 1
        }
        for (title, entries) in Self.groups {
            for (place, entry) in entries.enumerated() {
                put(place == 0 ? title : "", entry.keys, entry.what)
            }
            row += gap
        }
        guard hasNotes else { return }
        for (place, note) in Self.notes.enumerated() { put(place == 0 ? "Columns" : "", note.0, note.1) }
    }

    /// Side by side, in shorter words.
    private func drawShortHelp(_ rows: Range<Int>, on grid: inout Grid) {
        let entries = Self.groups.flatMap(\.entries)
        let most = max(grid.size.columns / Self.shortWidth, 1)
        let side = min(most, max((entries.count + rows.count - 1) / max(rows.count, 1), 1))
        let width = (grid.size.columns - 1) / side
        let height = min((entries.count + side - 1) / side, rows.count)
        guard height > 0 else { return }
        for (place, entry) in entries.prefix(side * height).enumerated() {
            let left = 1 + place / height * width
            let row = rows.lowerBound + place % height
            let next = grid.put(
                entry.shortKeys, row: row, column: left, end: left + width, Style(.title, isBold: true))
            grid.put(entry.short, row: row, column: max(next + 1, left + 7), end: left + width - 1)
        }
    }
}
