/// Recent values in one line of eight levels, the latest at the right.
enum Sparkline {
    /// One character a value, at most `width`.
    static func text(of values: [Double], width: Int, levels: [Character]) -> String {
        let shown = values.suffix(width)
        guard let low = shown.min(), let high = shown.max() else { return "" }
        return String(
            shown.map { value in
                // A value that never moved is a line in the middle, not along the floor.
                guard high > low else { return levels[levels.count / 2 - 1] }
                let share = share(of: value, from: low, to: high)
                return levels[min(Int(share * Double(levels.count)), levels.count - 1)]
            })
    }
}

/// How far up `value` is between `low` and `high`, from 0 to 1. The range of two doubles may be none.
private func share(of value: Double, from low: Double, to high: Double) -> Double {
    let range = high - low
    let share = range.isFinite ? (value - low) / range : (value / 2 - low / 2) / (high / 2 - low / 2)
    return min(max(share, 0), 1)
}

/// Values as a line of dots: a braille character has two by four of them, an ASCII character one.
struct DotChart {
    let low: Double
    let high: Double
    /// From the top.
    private(set) var lines: [String]
    /// For each column of characters, the line of its highest dot.
    private(set) var tops: [Int]

    /// Nil for fewer than two values, which make no line.
    init?(_ values: [Double], columns: Int, rows: Int, isUnicode: Bool) {
        guard values.count > 1, columns > 0, rows > 0, let low = values.min(), let high = values.max() else {
            return nil
        }
        self.low = low
        self.high = high
        let dotColumns = isUnicode ? columns * 2 : columns
        let dotRows = isUnicode ? rows * 4 : rows
        var dots = [Bool](repeating: false, count: dotColumns * dotRows)
        var before: Int?
        for column in 0..<dotColumns {
            let value = Self.value(at: column, of: dotColumns, in: values)
            let share = high > low ? share(of: value, from: low, to: high) : 0.5
            let row = Int(((1 - share) * Double(dotRows - 1)).rounded())
            // Jumps are drawn as strokes; otherwise the line would fall apart into dots.
            let next = before.map { $0 < row ? $0 + 1 : $0 > row ? $0 - 1 : row } ?? row
            for crossed in min(row, next)...max(row, next) { dots[crossed * dotColumns + column] = true }
            before = row
        }
        let cell = isUnicode ? (width: 2, height: 4) : (width: 1, height: 1)
        tops = (0..<columns).map { column in
            let own = column * cell.width..<(column + 1) * cell.width
            let first = (0..<dotRows).first { row in own.contains { dots[row * dotColumns + $0] } }
            return (first ?? dotRows) / cell.height
        }
        lines = (0..<rows).map { row in
            isUnicode
                ? Self.braille(dots, row: row, dotColumns: dotColumns)
                : String((0..<columns).map { dots[row * dotColumns + $0] ? "*" : " " })
        }
    }

    /// The line that shows `value`.
    func line(of value: Double) -> Int {
        guard high > low else { return lines.count / 2 }
        let share = share(of: value, from: low, to: high)
        return Int(((1 - share) * Double(lines.count - 1)).rounded())
    }

    /// The interpolated value between the two nearest ones.
    private static func value(at column: Int, of count: Int, in values: [Double]) -> Double {
        let place = Double(column) * Double(values.count - 1) / Double(max(count - 1, 1))
        let before = min(Int(place), values.count - 2)
        let share = place - Double(before)
        return values[before] * (1 - share) + values[before + 1] * share
    }

    /// The bits of a braille character's dots (Unicode, U+2800): down the left column, down the right, then the
    /// fourth row.
    private static let bits: [[UInt32]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

    private static func braille(_ dots: [Bool], row: Int, dotColumns: Int) -> String {
        var line = String.UnicodeScalarView()
        for column in 0..<(dotColumns / 2) {
            var pattern: UInt32 = 0
            for down in 0..<4 {
                for right in 0..<2 where dots[(row * 4 + down) * dotColumns + column * 2 + right] {
                    pattern |= bits[down][right]
                }
            }
            line.append(pattern == 0 ? " " : Unicode.Scalar(0x2800 + pattern) ?? " ")
        }
        return String(line)
    }
}
