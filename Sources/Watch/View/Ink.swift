/// The meaning of a colour, not the colour: `Palette` knows how each terminal shows it.
package enum Ink: UInt8, Sendable, CaseIterable {
    /// The terminal's own.
    case text
    /// Units, hints, side matters.
    case dim
    case title
    /// Moving things: the sparkline, the chart.
    case accent
    case up
    case down
    case warning
}

/// The colour behind the text.
package enum Ground: UInt8, Sendable, CaseIterable {
    case plain
    /// The header, the column titles and the status line.
    case bar
    case selected
    /// A change, from fresh (4) to nearly gone (1).
    case up1
    case up2
    case up3
    case up4
    case down1
    case down2
    case down3
    case down4

    /// How fresh: 1 to 4.
    static func flash(isUp: Bool, freshness: Int) -> Ground {
        let first = isUp ? Ground.up1 : .down1
        return Ground(rawValue: first.rawValue + UInt8(min(max(freshness, 1), 4) - 1)) ?? first
    }
}

package struct Style: Sendable, Equatable {
    package var ink: Ink
    package var ground: Ground
    package var isBold: Bool

    package init(_ ink: Ink = .text, on ground: Ground = .plain, isBold: Bool = false) {
        self.ink = ink
        self.ground = ground
        self.isBold = isBold
    }
}
