/// The detail pane: the selected topic's chart and its whole JSON.
internal import Client
internal import Primitives

extension WatchView {
    func drawDetail(on grid: inout Grid) {
        let width = grid.size.columns
        guard let first = layout.detailRows.first else { return }
        grid.fill(row: first, columns: 0..<width, Style(.dim, on: .bar))
        guard let selected = model.selected, let place = model.shown.row(of: selected) else {
            put([Piece("No topic is selected.", Style(.dim, on: .bar))], row: first, column: 2, on: &grid)
            return
        }
        let row = model.shown.rows[place]
        drawDetailTitle(of: row, row: first, on: &grid)
        drawChart(of: row, layout.chart, on: &grid)
        drawJSON(of: row, layout.json, on: &grid)
    }

    private func put(_ pieces: [Piece], row: Int, column: Int, on grid: inout Grid) {
        put(pieces, row: row, column: column, end: grid.size.columns, on: &grid)
    }

    /// The title repeats the value: in a small window the detail hides the table.
    private func drawDetailTitle(of row: TopicRow, row line: Int, on grid: inout Grid) {
        let isShort = grid.size.columns < 60
        let texts = TableColumns.texts(of: row, [])
        var pieces = [Piece(row.name, Style(.title, on: .bar, isBold: true))]
        func add(_ text: String, _ style: Style) { pieces.append(Piece("  " + text, style)) }
        func add(_ label: String, _ text: String) {
            if !isShort { add(label, Style(.dim, on: .bar)) }
            pieces.append(Piece((isShort ? "  " : " ") + text, Style(.text, on: .bar)))
        }
        let isCurrent = model.isCurrent(row)
        if case .number(let value) = texts.value {
            let mark = isCurrent ? "" : String(symbols.stale)
            if let measure = texts.measure, !isShort { add(measure, Style(.dim, on: .bar)) }
            add(mark + value.text, Style(isCurrent ? .text : .dim, on: .bar, isBold: isCurrent))
        }
        let change = isCurrent ? changeStyle(row, .bar) : Style(.dim, on: .bar)
        if !isShort, let text = texts.change?.text { add(text, change) }
        if let text = texts.changePercent?.text { add(text, change) }
        add("version", "\(isShort ? "v" : "")\(row.update.version)")
        add("age", age(of: row))
        if let since = row.staleSince {
            let age = ageText(since: since)
            let text = age == "now" ? "stale" : isShort ? "stale \(age)" : "stale for \(age)"
            add(text, Style(.warning, on: .bar))
        }
        if row.conflatedCount > 0 {
            add("conflated", grouped(row.conflatedCount) + (isShort ? " confl" : ""))
        }
        put(pieces, row: line, column: 2, on: &grid)
    }

    // MARK: The chart

    private func drawChart(of row: TopicRow, _ area: Layout.Area, on grid: inout Grid) {
        let (rows, columns) = (area.rows, area.columns)
        guard !rows.isEmpty else { return }
        let values = row.history.suffix(History.limit)
        let numerals = values.indices.map { row.history.numeral(at: $0) }
        guard let low = numerals.min(), let high = numerals.max(), let last = numerals.last, rows.count > 1
        else {
            let text = "no numbers to draw"
            return put([Piece(text, Style(.dim))], row: rows.lowerBound, column: 2, on: &grid)
        }
        let labels = [high, last, low].map { label(of: $0, row, width: columns.count / 2) }
        let labelWidth = labels.map { columnCount(of: $0) }.max() ?? 0
        let chartWidth = columns.count - labelWidth - 2
        let chart = DotChart(
            values, columns: chartWidth, rows: rows.count, isUnicode: capabilities.isUnicode)
        guard let chart else {
            let text = "one value so far: \(labels[0])"
            return put([Piece(text, Style(.dim))], row: rows.lowerBound, column: 2, on: &grid)
        }
        let isUp = last >= (numerals.first ?? last)
        let isCurrent = model.isCurrent(row)
        let ink: Ink = !isCurrent ? .dim : !row.isPrice ? .text : isUp ? .up : .down
        let left = columns.lowerBound
        drawBase(of: row, chart, rows, left..<left + chartWidth, on: &grid)
        // Fewer colours have no shade that is dark enough.
        let hasShade = capabilities.depth == .full && isCurrent && row.isPrice
        let style = Style(ink, on: hasShade ? (isUp ? .up1 : .down1) : .plain)
        draw(chart, style, row: rows.lowerBound, left, on: &grid)
        func mark(_ text: String, _ line: Int, _ style: Style) {
            let column = left + chartWidth + 1
            grid.put(text, row: rows.lowerBound + line, column: column, end: columns.upperBound, style)
        }
        mark(labels[0], 0, Style(.dim))
        mark(labels[2], rows.count - 1, Style(.dim))
        if rows.count > 2, high > low {
            let line = min(max(chart.line(of: last.value), 1), rows.count - 2)
            mark(labels[1], line, Style(ink, isBold: isCurrent))
        }
    }

    /// A number as it came.
    private func label(of numeral: Numeral, _ row: TopicRow, width: Int) -> String {
        NumberText(numeral.written, name: row.valuePath?.lastName ?? "")
            .fitted(to: max(width, 8), symbols.ellipsis)
    }

    /// The base of the change, if it is in range: a dotted line behind the values.
    private func drawBase(
        of row: TopicRow, _ chart: DotChart, _ rows: Range<Int>, _ columns: Range<Int>, on grid: inout Grid
    ) {
        guard let base = row.base?.value, chart.low < chart.high, (chart.low...chart.high).contains(base)
        else {
            return
        }
        let line = rows.lowerBound + chart.line(of: base)
        for column in columns where column.isMultiple(of: 2) {
            grid.put(symbols.base, row: line, column: column, Style(.dim))
        }
    }

    /// The line, and a shade from it down to the bottom.
    private func draw(_ chart: DotChart, _ style: Style, row: Int, _ left: Int, on grid: inout Grid) {
        for (offset, line) in chart.lines.enumerated() {
            for (column, character) in line.unicodeScalars.enumerated() {
                let isBelow = offset >= chart.tops[column]
                let isDrawn = character != " "
                guard isBelow || isDrawn else { continue }
                var cell = grid[row + offset, left + column]
                if isDrawn {
                    cell = Cell(character, Style(style.ink, on: isBelow ? style.ground : .plain))
                } else {
                    cell.style.ground = style.ground
                }
                grid[row + offset, left + column] = cell
            }
        }
    }

    // MARK: The JSON

    private func drawJSON(of row: TopicRow, _ area: Layout.Area, on grid: inout Grid) {
        let (rows, columns) = (area.rows, area.columns)
        guard !rows.isEmpty, !columns.isEmpty else { return }
        let lines = JSONText.lines(of: row.value, in: area)
        let top = min(model.detailTop, max(lines.count - rows.count, 0))
        for (offset, line) in lines.dropFirst(top).prefix(rows.count).enumerated() {
            // A name is dimmer than its value.
            var pieces = [Piece(line.indent, Style(.dim))]
            for (place, part) in line.parts.enumerated() {
                pieces.append(Piece((place > 0 ? "  " : "") + part.name, Style(.dim)))
                pieces.append(Piece(part.value, Style(.text)))
            }
            put(
                pieces, row: rows.lowerBound + offset, column: columns.lowerBound, end: columns.upperBound,
                on: &grid)
        }
        if top + rows.count < lines.count, columns.count > 6 {
            let more = " \(lines.count - top - rows.count) more "
            grid.put(
                more, row: rows.upperBound - 1, column: columns.upperBound - more.utf8.count,
                Style(.dim, on: .bar))
        }
    }
}
