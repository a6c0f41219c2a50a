/// The detail pane: the selected topic's chart and its whole JSON.
internal import Client
internal import Primitives

extension WatchView {
    func drawDetail(on grid: inout Grid) {
        let width = grid.size.columns
        let rows = layout.detailRows
        guard let first = rows.first else { return }
        grid.fill(row: first, columns: 0..<width, Style(.dim, on: .bar))
        guard let selected = model.selected, let place = model.shown.row(of: selected) else {
            return put(
                [Piece("No topic is selected.", Style(.dim, on: .bar))], row: first, column: 2, on: &grid)
        }
        let row = model.shown.rows[place]
        drawDetailTitle(of: row, row: first, on: &grid)
        let body = first + 1..<rows.upperBound
        guard !body.isEmpty else { return }
        let isWide = width >= 70
        if isWide {
            let middle = width / 2
            drawChart(of: row, rows: body, columns: 2..<middle - 2, on: &grid)
            drawJSON(of: row, rows: body, columns: middle..<width - 1, on: &grid)
        } else {
            let split = min(body.lowerBound + max(body.count / 2, 3), body.upperBound)
            drawChart(of: row, rows: body.lowerBound..<split, columns: 1..<width - 1, on: &grid)
            drawJSON(of: row, rows: split..<body.upperBound, columns: 1..<width - 1, on: &grid)
        }
    }

    private func put(_ pieces: [Piece], row: Int, column: Int, on grid: inout Grid) {
        put(pieces, row: row, column: column, end: grid.size.columns, on: &grid)
    }

    private func drawDetailTitle(of row: TopicRow, row line: Int, on grid: inout Grid) {
        var pieces = [
            Piece(row.name, Style(.title, on: .bar, isBold: true)),
            Piece("  version ", Style(.dim, on: .bar)),
            Piece("\(row.update.version)", Style(.text, on: .bar)),
            Piece("  age ", Style(.dim, on: .bar)), Piece(age(of: row), Style(.text, on: .bar)),
        ]
        if row.conflatedCount > 0 {
            pieces += [
                Piece("  conflated ", Style(.dim, on: .bar)),
                Piece(grouped(row.conflatedCount), Style(.text, on: .bar)),
            ]
        }
        put(pieces, row: line, column: 2, on: &grid)
    }

    // MARK: The chart

    private func drawChart(
        of row: TopicRow, rows: Range<Int>, columns: Range<Int>, on grid: inout Grid
    ) {
        let name = row.valuePath?.description ?? ""
        let values = row.history.suffix(History.limit)
        guard let low = values.min(), let high = values.max(), rows.count > 1 else {
            return put([Piece("no numbers to draw", Style(.dim))], row: rows.lowerBound, column: 2, on: &grid)
        }
        let decimals =
            TableColumns.numberCharacters(at: row.valuePath ?? .whole, in: row.value)
            .map { NumberText.decimals(of: $0) } ?? 0
        let labels = [high, low].map { value -> String in
            let text = NumberText(
                fixed(value, decimals: min(decimals, 6)), name: row.valuePath?.lastName ?? "")
            return text.whole + text.fraction + text.unit
        }
        let labelWidth = labels.map(\.utf8.count).max() ?? 0
        let chartColumns = columns.count - labelWidth - 2
        guard
            let chart = DotChart(
                values, columns: chartColumns, rows: rows.count, isUnicode: capabilities.isUnicode)
        else {
            let text = "one value so far: \(labels[0])"
            return put([Piece(text, Style(.dim))], row: rows.lowerBound, column: 2, on: &grid)
        }
        let isUp = (values.last ?? 0) >= (values.first ?? 0)
        for (offset, line) in chart.lines.enumerated() {
            grid.put(
                line, row: rows.lowerBound + offset, column: columns.lowerBound,
                Style(isUp ? .up : .down))
        }
        let right = columns.lowerBound + chartColumns + 1
        grid.put(labels[0], row: rows.lowerBound, column: right, end: columns.upperBound, Style(.dim))
        grid.put(labels[1], row: rows.upperBound - 1, column: right, end: columns.upperBound, Style(.dim))
        if rows.count > 2 {
            grid.put(
                symbols.fitted(name, to: labelWidth), row: rows.lowerBound + rows.count / 2, column: right,
                end: columns.upperBound, Style(.dim))
        }
    }

    // MARK: The JSON

    private func drawJSON(of row: TopicRow, rows: Range<Int>, columns: Range<Int>, on grid: inout Grid) {
        guard !rows.isEmpty, !columns.isEmpty else { return }
        let lines = JSONText.lines(of: row.value, width: columns.count, height: rows.count)
        let top = min(model.detailTop, max(lines.count - rows.count, 0))
        for (offset, line) in lines.dropFirst(top).prefix(rows.count).enumerated() {
            // A name stands back behind its value.
            let parts = [
                Piece(line.indent + line.name, Style(.dim)), Piece(line.value, Style(.text)),
            ]
            put(
                parts, row: rows.lowerBound + offset, column: columns.lowerBound, end: columns.upperBound,
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

/// A value's JSON for people: a member a line where that fits, else as it came, broken where the line ends.
enum JSONText {
    struct Line: Equatable {
        var indent = ""
        var name = ""
        var value = ""
    }

    static func lines(of text: Span<UInt8>, width: Int, height: Int) -> [Line] {
        var lines: [Line] = []
        var scanner = JSONScanner(text)
        do {
            try write(&scanner, name: "", indent: "", into: &lines)
        } catch {
            return wrapped(text, width: width)
        }
        let dense = wrapped(text, width: width)
        // Long lists and deep objects are read sooner as one paragraph.
        return lines.count > height && dense.count <= height ? dense : lines
    }

    private static func wrapped(_ text: Span<UInt8>, width: Int) -> [Line] {
        var lines: [Line] = []
        var line = String.UnicodeScalarView()
        var used = 0
        for scalar in text.text.unicodeScalars {
            let next = columnCount(of: scalar)
            if used + next > width {
                lines.append(Line(value: String(line)))
                line = .init()
                used = 0
            }
            line.append(scalar)
            used += next
        }
        return lines + [Line(value: String(line))]
    }

    private static func write(
        _ scanner: inout JSONScanner, name: String, indent: String, into lines: inout [Line]
    ) throws(JSONFailure) {
        let text = scanner.bytes
        switch scanner.peek() {
        case .object:
            if !name.isEmpty { lines.append(Line(indent: indent, name: name)) }
            let inner = name.isEmpty ? indent : indent + "  "
            try scanner.enterObject()
            while let member = try scanner.nextMember() {
                let label = text.extracting(member.range).text + ": "
                try write(&scanner, name: label, indent: inner, into: &lines)
            }
        default:
            let value = text.extracting(try scanner.value()).text
            lines.append(Line(indent: indent, name: name, value: value))
        }
    }
}
