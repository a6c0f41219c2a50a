/// The page behind `?`.
internal import Primitives

extension WatchView {
    private static let keys: [(String, String)] = [
        ("j k, arrows, wheel", "move; g G: first, last; PgUp PgDn: a page"),
        ("h l, left right", "other columns; in the detail: scroll the JSON"),
        ("Enter", "detail of the row: chart and JSON; Esc closes"),
        ("/", "filter by name as you type; Esc: all again"),
        ("s  S", "sort by the next column; turn the order round"),
        ("+  -", "faster, slower: updates of a topic a second"),
        ("t", "transport: ws, sse, poll; goes on where it was"),
        ("p", "pause the screen; what comes is kept"),
        ("a", "add a topic or pattern"),
        ("d  u", "drop the row; bring the last one back"),
        ("r", "connect again now"),
        ("Ctrl-L  Ctrl-Z  q", "draw anew, suspend, quit"),
    ]

    func drawHelp(on grid: inout Grid) {
        let width = grid.size.columns
        let rows = layout.titleRow..<layout.statusRow
        let isNarrow = width < 70
        let left = isNarrow ? 1 : max((width - 76) / 2, 2)
        let keyWidth = isNarrow ? 9 : 22
        var row = rows.lowerBound
        if rows.count > Self.keys.count + 5 {
            row += 1
            put(
                [Piece("Keys", Style(.title, isBold: true))], row: row, column: left, end: width, on: &grid)
            row += 2
        }
        for (key, what) in Self.keys where row < rows.upperBound {
            grid.put(
                symbols.fitted(key, to: keyWidth - 1), row: row, column: left, Style(.title, isBold: true))
            put([Piece(what, Style())], row: row, column: left + keyWidth, end: width, on: &grid)
            row += 1
        }
        let notes = [
            "CONFL: updates that newer ones replaced on the way.",
            "CHANGE: since the day's open if the data has one, else since the first value.",
        ]
        guard row + 1 + notes.count <= rows.upperBound else { return }
        row += 1
        for note in notes {
            put([Piece(note, Style(.dim))], row: row, column: left, end: width, on: &grid)
            row += 1
        }
    }
}
