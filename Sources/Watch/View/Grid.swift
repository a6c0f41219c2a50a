/// A screen's content: rows of cells.
package struct Cell: Sendable, Equatable {
    /// 0 is the right half of the wide character before it.
    package var scalar: Unicode.Scalar
    /// A mark that joins the character, such as an accent; 0 for none.
    package var mark: Unicode.Scalar
    package var style: Style

    package static let blank = Cell(" ")

    package init(_ scalar: Unicode.Scalar, mark: Unicode.Scalar = "\0", _ style: Style = Style()) {
        self.scalar = scalar
        self.mark = mark
        self.style = style
    }

    package var isRightHalf: Bool { scalar == "\0" }
}

package struct Size: Sendable, Equatable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

package struct Grid: Sendable, Equatable {
    package let size: Size
    package private(set) var cells: [Cell]

    package init(_ size: Size) {
        self.size = size
        cells = Array(repeating: .blank, count: size.columns * size.rows)
    }

    package subscript(row: Int, column: Int) -> Cell {
        get { cells[row * size.columns + column] }
        set { cells[row * size.columns + column] = newValue }
    }

    /// A row as text, without the blanks at its end.
    package func text(ofRow row: Int) -> String {
        var text = String.UnicodeScalarView()
        for column in 0..<size.columns {
            let cell = self[row, column]
            if cell.isRightHalf { continue }
            text.append(cell.scalar)
            if cell.mark != "\0" { text.append(cell.mark) }
        }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// Puts `text` into a row from `column` on, cuts it at `end`, and returns the column behind it.
    @discardableResult
    package mutating func put(
        _ text: some StringProtocol, row: Int, column: Int, end: Int? = nil, _ style: Style = Style()
    ) -> Int {
        let end = min(end ?? size.columns, size.columns)
        guard row >= 0, row < size.rows, column >= 0 else { return column }
        var next = column
        for scalar in text.unicodeScalars {
            let width = columnCount(of: scalar)
            if width == 0 {
                join(scalar, row: row, before: next, from: column)
                continue
            }
            guard next + width <= end else { break }
            set(scalar, width: width, row: row, column: next, style)
            next += width
        }
        return next
    }

    /// Keeps one mark a character. Terminals disagree about further marks, and about joiners that combine pictures.
    private mutating func join(_ mark: Unicode.Scalar, row: Int, before next: Int, from column: Int) {
        guard next > column, mark.properties.canonicalCombiningClass != .notReordered else { return }
        let place = self[row, next - 1].isRightHalf ? next - 2 : next - 1
        if self[row, place].mark == "\0" { self[row, place].mark = mark }
    }

    private mutating func set(
        _ scalar: Unicode.Scalar, width: Int, row: Int, column: Int, _ style: Style
    ) {
        // Half of a wide character cannot stay.
        if self[row, column].isRightHalf, column > 0 { self[row, column - 1].scalar = " " }
        let behind = column + width
        if behind < size.columns, self[row, behind].isRightHalf { self[row, behind].scalar = " " }
        self[row, column] = Cell(scalar, style)
        if width == 2 { self[row, column + 1] = Cell("\0", style) }
    }

    /// Fills part of a row with blanks of one style.
    package mutating func fill(row: Int, columns: Range<Int>, _ style: Style) {
        guard row >= 0, row < size.rows else { return }
        for column in columns.clamped(to: 0..<size.columns) { self[row, column] = Cell(" ", style) }
    }
}
