/// The table: one row a topic, aligned points, a flash at each change.
internal import Client
internal import Primitives

extension WatchView {
    func drawTable(on grid: inout Grid) {
        let width = grid.size.columns
        guard !layout.tableRows.isEmpty else { return }
        grid.fill(row: layout.titleRow, columns: 0..<width, Style(.dim, on: .bar))
        let places = model.order.dropFirst(model.top).prefix(layout.tableRows.count)
        let rows = places.map { model.shown.rows[$0] }
        guard !rows.isEmpty else { return drawEmpty(on: &grid) }
        let table = TableColumns(rows, of: model, width: scrolls ? width - 1 : width)
        drawTitles(table, on: &grid)
        for (offset, row) in rows.enumerated() {
            draw(row, table.texts[offset], table, row: layout.tableRows.lowerBound + offset, on: &grid)
        }
        if scrolls { drawScrollBar(on: &grid) }
    }

    /// Not all rows fit: the right edge shows which part is visible.
    private var scrolls: Bool { model.order.count > layout.tableRows.count }

    private func drawScrollBar(on grid: inout Grid) {
        let rows = layout.tableRows
        let all = model.order.count
        let length = max(rows.count * rows.count / all, 1)
        let start = (rows.count - length) * model.top / (all - rows.count)
        guard grid.size.columns > 0 else { return }
        for row in rows.lowerBound + start..<rows.lowerBound + start + length {
            var cell = grid[row, grid.size.columns - 1]
            cell.style.ink = .accent
            if let sign = symbols.scroll.unicodeScalars.first { cell.scalar = sign }
            grid[row, grid.size.columns - 1] = cell
        }
    }

    private func drawEmpty(on grid: inout Grid) {
        let text: String
        if !model.filter.isEmpty {
            text = "No topic's name has \"\(model.filter)\" in it."
        } else if model.link == .live {
            text = "No topic yet that \(model.subscription.topics.joined(separator: " ")) covers."
        } else {
            text = "Waiting for the gateway at \(model.url)"
        }
        let row = layout.tableRows.lowerBound + layout.tableRows.count / 3
        let start = max((grid.size.columns - columnCount(of: text)) / 2, 1)
        put([Piece(text, Style(.dim))], row: row, column: start, end: grid.size.columns, on: &grid)
    }

    private func drawTitles(_ table: TableColumns, on grid: inout Grid) {
        var left = 2
        for column in table.columns {
            let isSorted = column.kind == sortedKind
            let arrow = isSorted ? (model.sort.isDescending ? symbols.down : symbols.up) : ""
            let style = Style(isSorted ? .title : .dim, on: .bar, isBold: isSorted)
            let text = symbols.fitted(column.title, to: column.width - columnCount(of: arrow)) + arrow
            let isLeft = column.kind == .topic || column.kind == .measure
            let start = isLeft ? left : left + column.width - columnCount(of: text)
            grid.put(text, row: layout.titleRow, column: start, end: left + column.width, style)
            left += column.width + 2
        }
    }

    private var sortedKind: TableColumns.Kind {
        switch model.sort.column {
        case .topic: .topic
        case .value: .value
        case .change: .change
        case .changePercent: .changePercent
        case .member(let place): .member(place)
        case .age: .age
        case .conflated: .conflated
        }
    }

    // MARK: A row

    private func draw(
        _ topicRow: TopicRow, _ texts: TableColumns.Texts, _ table: TableColumns, row: Int,
        on grid: inout Grid
    ) {
        let isSelected = topicRow.topic == model.selected
        let ground = isSelected ? Ground.selected : .plain
        let flash = flash(of: topicRow, on: ground)
        grid.fill(row: row, columns: 0..<grid.size.columns, Style(.text, on: ground))
        if isSelected {
            grid.put(symbols.marker, row: row, column: 0, Style(.title, on: ground, isBold: true))
        }
        var left = 2
        for column in table.columns {
            let cell = Place(row: row, left: left, width: column.width)
            switch column.kind {
            case .topic: drawName(topicRow, cell, ground, on: &grid)
            case .value:
                // The flash extends one column to either side: it looks like a patch, not like a marked word.
                grid.fill(row: row, columns: left - 1..<left + column.width + 1, Style(.text, on: flash))
                draw(texts.value, column, cell, Style(.text, on: flash), on: &grid)
            case .measure:
                let text = symbols.fitted(texts.measure ?? "", to: column.width)
                grid.put(text, row: row, column: left, Style(.dim, on: ground))
            case .change: draw(texts.change, column, cell, changeStyle(topicRow, ground), on: &grid)
            case .changePercent:
                draw(texts.changePercent, column, cell, changeStyle(topicRow, ground), on: &grid)
            case .member(let place):
                draw(
                    texts.members[place - model.columnOffset], column, cell, Style(.text, on: ground),
                    on: &grid)
            case .sparkline: drawSparkline(topicRow, cell, ground, on: &grid)
            case .age: drawRight(age(of: topicRow), cell, Style(.dim, on: ground), on: &grid)
            case .conflated:
                let count = topicRow.conflatedCount
                let text = count == 0 ? "" : NumberText(amount: Double(count)).text
                drawRight(text, cell, Style(.dim, on: ground), on: &grid)
            }
            left += column.width + 2
        }
        if !model.isCurrent(topicRow) { fade(row, on: &grid) }
    }

    /// A row that is not live has no colours but its ground's, nothing in bold, and a mark for terminals without colours.
    private func fade(_ row: Int, on grid: inout Grid) {
        guard grid.size.columns > 1 else { return }
        for column in 1..<grid.size.columns {
            grid[row, column].style.ink = .dim
            grid[row, column].style.isBold = false
        }
        grid.put(symbols.stale, row: row, column: 1, Style(.dim, on: grid[row, 0].style.ground))
    }

    /// The ground behind the value. Where the terminal cannot show a step of the fading, the row's own ground stays.
    /// Without colours a reversed row flashes by turning plain.
    private func flash(of row: TopicRow, on ground: Ground) -> Ground {
        let freshness = row.freshness(now: flashMoment)
        guard freshness > 0, row.isPrice else { return ground }
        let flash = Ground.flash(isUp: row.direction > 0, freshness: freshness)
        guard Palette.isSeen(flash, capabilities.depth) else { return ground }
        return capabilities.depth == .none && ground == .selected ? .plain : flash
    }

    /// A paused screen does not fade.
    private var flashMoment: Instant { model.isPaused ? .never : now }

    private struct Place {
        let row: Int
        let left: Int
        let width: Int
    }

    private func drawName(_ topicRow: TopicRow, _ cell: Place, _ ground: Ground, on grid: inout Grid) {
        let text = symbols.fitted(topicRow.name, to: cell.width)
        let end = cell.left + cell.width
        // Dims the part that topics share, so that the eye finds the part that differs.
        guard let slash = text.lastIndex(of: "/") else {
            grid.put(text, row: cell.row, column: cell.left, end: end, Style(.text, on: ground))
            return
        }
        let name = text.index(after: slash)
        let next = grid.put(
            text[..<name], row: cell.row, column: cell.left, end: end, Style(.dim, on: ground))
        grid.put(text[name...], row: cell.row, column: next, end: end, Style(.text, on: ground, isBold: true))
    }

    private func draw(
        _ text: TableColumns.Text?, _ column: TableColumns.Column, _ cell: Place, _ style: Style,
        on grid: inout Grid
    ) {
        switch text {
        case .number(let number):
            var style = style
            style.isBold = column.kind == .value
            draw(number, column, cell, style, on: &grid)
        case .words(let words):
            grid.put(symbols.fitted(words, to: cell.width), row: cell.row, column: cell.left, style)
        case nil: break
        }
    }

    private func draw(
        _ number: NumberText?, _ column: TableColumns.Column, _ cell: Place, _ style: Style,
        on grid: inout Grid
    ) {
        guard let number else { return }
        guard column.isAligned else {
            return drawRight(number.fitted(to: cell.width, symbols.ellipsis), cell, style, on: &grid)
        }
        let point = cell.left + cell.width - column.unitWidth - column.fractionWidth
        let next = grid.put(
            number.whole + number.fraction, row: cell.row, column: point - number.whole.utf8.count,
            end: cell.left + cell.width, style)
        var unit = style
        unit.ink = .dim
        unit.isBold = false
        grid.put(number.unit, row: cell.row, column: next, end: cell.left + cell.width, unit)
    }

    private func drawRight(_ text: String, _ cell: Place, _ style: Style, on grid: inout Grid) {
        let start = cell.left + max(cell.width - columnCount(of: text), 0)
        grid.put(text, row: cell.row, column: start, end: cell.left + cell.width, style)
    }

    func changeStyle(_ row: TopicRow, _ ground: Ground) -> Style {
        guard let change = row.change, change != 0 else { return Style(.dim, on: ground) }
        return Style(row.isPrice ? change > 0 ? .up : .down : .text, on: ground)
    }

    private func drawSparkline(_ row: TopicRow, _ cell: Place, _ ground: Ground, on grid: inout Grid) {
        let values = row.history.suffix(cell.width)
        let text = Sparkline.text(of: values, width: cell.width, levels: symbols.levels)
        // A value that never moved needs no sparkline.
        let isFlat = values.allSatisfy { $0 == values.first }
        let isUp = (values.last ?? 0) >= (values.first ?? 0)
        grid.put(
            text, row: cell.row, column: cell.left + cell.width - values.count,
            Style(isFlat ? .dim : !row.isPrice ? .text : isUp ? .up : .down, on: ground))
    }

    func age(of row: TopicRow) -> String {
        ageText(since: row.update.moment)
    }

    func ageText(since moment: UInt64) -> String {
        let now = time.milliseconds
        return Watch.ageText(milliseconds: now > moment ? now - moment : 0)
    }
}
