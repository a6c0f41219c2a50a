/// As much of a terminal as the renderer needs: it understands only what we send.
import Primitives
import Testing

@testable import Watch

struct SmallTerminal {
    struct Seen: Equatable {
        var scalar: Unicode.Scalar = " "
        var mark: Unicode.Scalar = "\0"
        /// The parameters of the last SGR sequence.
        var look = "0"
    }

    let size: Size
    private(set) var cells: [Seen]
    private var row = 0
    private var column = 0
    private var look = "0"
    private(set) var unknown: [String] = []

    init(_ size: Size) {
        self.size = size
        cells = Array(repeating: Seen(), count: size.columns * size.rows)
    }

    mutating func take(_ bytes: [UInt8]) {
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\u{1B}" { obey(&scalars) } else { show(scalar) }
        }
    }

    private mutating func obey(_ scalars: inout Substring.UnicodeScalarView) {
        guard scalars.popFirst() == "[" else { return unknown.append("no sequence") }
        var parameters = ""
        while let scalar = scalars.popFirst() {
            guard (0x40...0x7E).contains(scalar.value) else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            return obey(parameters, final: scalar)
        }
        unknown.append("cut")
    }

    private mutating func obey(_ parameters: String, final: Unicode.Scalar) {
        let numbers = parameters.split(separator: ";").compactMap { Int($0) }
        switch (final, parameters) {
        case ("H", _):
            row = (numbers.first ?? 1) - 1
            column = (numbers.dropFirst().first ?? 1) - 1
        case ("C", _): column += numbers.first ?? 1
        case ("J", "2"): cells = Array(repeating: Seen(), count: cells.count)
        case ("m", _): look = parameters
        case ("h", "?2026"), ("l", "?2026"): break
        default: unknown.append("\(parameters)\(final)")
        }
    }

    private mutating func show(_ scalar: Unicode.Scalar) {
        let width = columnCount(of: scalar)
        if width == 0 {
            let before = cells[place - 1].scalar == "\0" ? place - 2 : place - 1
            cells[before].mark = scalar
            return
        }
        guard row < size.rows, column + width <= size.columns else {
            return unknown.append("outside: \(row) \(column)")
        }
        // Overwriting half of a wide character removes the whole.
        if cells[place].scalar == "\0" { cells[place - 1].scalar = " " }
        let behind = place + width
        if column + width < size.columns, cells[behind].scalar == "\0" { cells[behind].scalar = " " }
        cells[place] = Seen(scalar: scalar, look: look)
        if width == 2 { cells[place + 1] = Seen(scalar: "\0", look: look) }
        column += width
    }

    private var place: Int { row * size.columns + column }

    /// Whether it shows `grid`. A style must look the same everywhere.
    func shows(_ grid: Grid) -> Bool {
        var looks: [(style: Style, look: String)] = []
        for (seen, cell) in zip(cells, grid.cells) {
            guard seen.scalar == cell.scalar, seen.mark == cell.mark else { return false }
            // A blank that was never written looks like a cleared screen.
            let look = seen.look
            if let known = looks.first(where: { $0.style == cell.style }) {
                if known.look != look { return false }
            } else {
                looks.append((cell.style, look))
            }
        }
        return true
    }
}
