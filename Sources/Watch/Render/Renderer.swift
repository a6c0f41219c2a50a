/// Turns one grid into the next with few bytes: it writes only cells that changed.
///
/// An unchanged cell is written only where skipping it costs more: a move to the right takes at least four bytes, so
/// up to three unchanged cells in the current style are written again.
package import Primitives

package struct Renderer: ~Copyable {
    private let depth: ColourDepth
    private var shown: Grid?
    /// Where the terminal's cursor is; nil if that is unknown.
    private var cursor: (row: Int, column: Int)?
    private var style: Style?

    private static let bridgeLimit = 3

    package init(_ depth: ColourDepth) {
        self.depth = depth
    }

    /// The terminal's content is unknown now, so the next frame is drawn whole.
    package mutating func forget() {
        shown = nil
    }

    /// Appends the bytes that turn the terminal's content into `grid`; none if nothing changed.
    package mutating func draw(_ grid: Grid, into output: inout ByteBuffer) {
        let start = output.count
        cursor = nil
        style = nil
        // The terminal shows the frame once it is complete. A terminal that does not know this sequence ignores it.
        output.append("\u{1B}[?2026h")
        let prologue = output.count
        let before: Grid
        if let shown, shown.size == grid.size {
            before = shown
        } else {
            before = Grid(grid.size)
            output.append("\u{1B}[0m\u{1B}[2J")
        }
        for row in 0..<grid.size.rows { draw(row, of: grid, over: before, into: &output) }
        shown = grid
        if output.count == prologue { return output.truncate(to: start) }
        if style != nil { output.append("\u{1B}[0m") }
        output.append("\u{1B}[?2026l")
    }

    private mutating func draw(
        _ row: Int, of grid: Grid, over before: Grid, into output: inout ByteBuffer
    ) {
        var column = 0
        while column < grid.size.columns {
            let cell = grid[row, column]
            guard cell != before[row, column] else {
                column += 1
                continue
            }
            // The right half cannot be written alone, so its left half is written too.
            let first = cell.isRightHalf && column > 0 ? column - 1 : column
            moveTo(row, first, of: grid, into: &output)
            column = write(grid[row, first], row, first, into: &output)
        }
    }

    /// Returns the column behind the cell.
    private mutating func write(
        _ cell: Cell, _ row: Int, _ column: Int, into output: inout ByteBuffer
    ) -> Int {
        if cell.style != style { select(cell.style, into: &output) }
        output.append(scalar: cell.scalar)
        if cell.mark != "\0" { output.append(scalar: cell.mark) }
        let next = column + max(columnCount(of: cell.scalar), 1)
        cursor = Self.isDisputed(cell) ? nil : (row, next)
        return next
    }

    /// Terminals disagree whether pictures, flags and joined marks take one column or two. So the renderer moves to
    /// the cell behind one instead of trusting the cursor.
    private static func isDisputed(_ cell: Cell) -> Bool {
        cell.mark != "\0" || (0x1F000...0x1FAFF).contains(cell.scalar.value)
            || (0x2600...0x27BF).contains(cell.scalar.value)
    }

    private mutating func moveTo(_ row: Int, _ column: Int, of grid: Grid, into output: inout ByteBuffer) {
        if let cursor, cursor.row == row, cursor.column <= column, cursor.column < grid.size.columns {
            let gap = column - cursor.column
            if gap == 0 { return }
            if gap <= Self.bridgeLimit, bridge(row, cursor.column..<column, of: grid, into: &output) {
                return
            }
            output.append("\u{1B}[")
            if gap > 1 { output.append(decimal: UInt64(gap)) }
            output.append("C")
        } else {
            output.append("\u{1B}[")
            output.append(decimal: UInt64(row + 1))
            if column > 0 {
                output.append(ASCII.semicolon)
                output.append(decimal: UInt64(column + 1))
            }
            output.append("H")
        }
        cursor = (row, column)
    }

    /// Rewrites unchanged cells if each takes one byte.
    private mutating func bridge(
        _ row: Int, _ columns: Range<Int>, of grid: Grid, into output: inout ByteBuffer
    ) -> Bool {
        for column in columns {
            let cell = grid[row, column]
            guard cell.style == style, cell.scalar.isASCII, !cell.isRightHalf, cell.mark == "\0" else {
                return false
            }
        }
        for column in columns { output.append(scalar: grid[row, column].scalar) }
        return true
    }

    // MARK: Styles

    private mutating func select(_ style: Style, into output: inout ByteBuffer) {
        self.style = style
        output.append("\u{1B}[0")
        if style.isBold || Palette.isBold(style.ground, depth) { output.append(";1") }
        let isReversed = Palette.isReversed(style.ground, depth)
        if isReversed { output.append(";7") }
        if depth != .none {
            // On a lit ground of 16 colours the same ink would be invisible, and reversed it would become the ground.
            let isLit = depth == .sixteen && Palette.shade(of: style.ground)?.sixteen != nil
            if let shade = Palette.shade(of: style.ink), !isLit, !isReversed {
                output.append(shade, isGround: false, depth)
            }
            if let shade = Palette.shade(of: style.ground) { output.append(shade, isGround: true, depth) }
        }
        output.append("m")
    }
}

extension ByteBuffer {
    /// Appends `scalar` as UTF-8.
    fileprivate mutating func append(scalar: Unicode.Scalar) {
        if scalar.isASCII { return append(UInt8(truncatingIfNeeded: scalar.value)) }
        for byte in UTF8.encode(scalar).unsafelyUnwrapped { append(byte) }
    }

    fileprivate mutating func append(_ shade: Shade, isGround: Bool, _ depth: ColourDepth) {
        switch depth {
        case .none: break
        case .sixteen:
            guard let digits = shade.sixteen else { return }
            append(ASCII.semicolon)
            append(decimal: UInt64(digits) + (isGround ? 10 : 0))
        case .indexed:
            append(isGround ? ";48;5;" as StaticString : ";38;5;")
            append(decimal: UInt64(shade.indexed))
        case .full:
            append(isGround ? ";48;2;" as StaticString : ";38;2;")
            append(decimal: UInt64(shade.rgb >> 16 & 0xFF))
            append(ASCII.semicolon)
            append(decimal: UInt64(shade.rgb >> 8 & 0xFF))
            append(ASCII.semicolon)
            append(decimal: UInt64(shade.rgb & 0xFF))
        }
    }
}
