/// The screen as a function of the model; nothing else decides what is shown.
package import Primitives

package struct WatchView {
    let model: WatchModel
    let capabilities: Capabilities
    let now: Instant
    let time: UnixTime
    let layout: Layout
    var symbols: Symbols { capabilities.symbols }

    package static func grid(
        of model: WatchModel, on capabilities: Capabilities, now: Instant, time: UnixTime
    ) -> Grid {
        let view = WatchView(
            model: model, capabilities: capabilities, now: now, time: time,
            layout: Layout(size: model.size, showsDetail: model.showsDetail))
        var grid = Grid(model.size)
        guard model.size.columns > 0, model.size.rows > 0 else { return grid }
        view.drawHeader(on: &grid)
        if model.showsHelp {
            view.drawHelp(on: &grid)
        } else {
            view.drawTable(on: &grid)
            if model.showsDetail { view.drawDetail(on: &grid) }
        }
        view.drawStatus(on: &grid)
        return grid
    }

    /// A piece of a line, in a style of its own.
    struct Piece {
        let text: String
        let style: Style

        init(_ text: String, _ style: Style) {
            self.text = text
            self.style = style
        }
    }

    /// Puts pieces in one row and cuts them at its end. Returns the column behind them.
    @discardableResult
    func put(_ pieces: [Piece], row: Int, column: Int, end: Int, on grid: inout Grid) -> Int {
        var next = column
        for piece in pieces where next < end {
            next = grid.put(
                symbols.fitted(piece.text, to: end - next), row: row, column: next, end: end, piece.style)
        }
        return next
    }

    func width(of pieces: [Piece]) -> Int {
        pieces.reduce(0) { $0 + columnCount(of: symbols.printable($1.text)) }
    }
}
