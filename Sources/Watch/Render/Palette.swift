/// Which colours a terminal can show, and our colours in each depth.
package enum ColourDepth: Sendable, Equatable, CaseIterable {
    /// Bold and reverse only: NO_COLOR, or a terminal without colours.
    case none
    case sixteen
    case indexed
    case full

    /// What the environment says about the terminal (https://no-color.org).
    package init(environment: (String) -> String?) {
        let term = environment("TERM") ?? ""
        let colorterm = environment("COLORTERM") ?? ""
        if !(environment("NO_COLOR") ?? "").isEmpty || term == "dumb" || term.hasPrefix("vt") {
            self = .none
        } else if colorterm == "truecolor" || colorterm == "24bit" || term.hasSuffix("-direct") {
            self = .full
        } else if term.contains("256color") || term == "alacritty" || term.hasPrefix("xterm-kitty") {
            self = .indexed
        } else {
            self = .sixteen
        }
    }
}

/// One colour in three depths: as red, green and blue; as one of 256; as one of 16, by its SGR foreground number.
struct Shade {
    let rgb: UInt32
    let indexed: UInt8
    /// 30 to 37 and 90 to 97; nil for the terminal's own.
    let sixteen: UInt8?
}

enum Palette {
    /// Nil: the terminal's own.
    static func shade(of ink: Ink) -> Shade? {
        switch ink {
        case .text: nil
        case .dim: Shade(rgb: 0x7C8490, indexed: 244, sixteen: 90)
        case .title: Shade(rgb: 0x5FD7FF, indexed: 81, sixteen: 36)
        case .accent: Shade(rgb: 0x6CB6FF, indexed: 75, sixteen: 34)
        case .up: Shade(rgb: 0x3FD07A, indexed: 78, sixteen: 32)
        case .down: Shade(rgb: 0xFF6B6B, indexed: 203, sixteen: 31)
        case .warning: Shade(rgb: 0xF2C14E, indexed: 221, sixteen: 33)
        }
    }

    /// Nil: the terminal's own. 16 colours have it too where they lack a shade in between.
    static func shade(of ground: Ground) -> Shade? {
        switch ground {
        case .plain: nil
        case .bar: Shade(rgb: 0x1C2430, indexed: 235, sixteen: nil)
        case .selected: Shade(rgb: 0x2C3E57, indexed: 238, sixteen: nil)
        case .up1: Shade(rgb: 0x0D2A1B, indexed: 233, sixteen: nil)
        case .up2: Shade(rgb: 0x10482B, indexed: 22, sixteen: nil)
        case .up3: Shade(rgb: 0x146B3C, indexed: 22, sixteen: nil)
        case .up4: Shade(rgb: 0x17864A, indexed: 28, sixteen: 32)
        case .down1: Shade(rgb: 0x331517, indexed: 233, sixteen: nil)
        case .down2: Shade(rgb: 0x571D20, indexed: 52, sixteen: nil)
        case .down3: Shade(rgb: 0x80272B, indexed: 52, sixteen: nil)
        case .down4: Shade(rgb: 0xA33237, indexed: 88, sixteen: 31)
        }
    }

    /// Whether a ground can only be shown by swapping the colours.
    static func isReversed(_ ground: Ground, _ depth: ColourDepth) -> Bool {
        switch (ground, depth) {
        case (.selected, .none), (.selected, .sixteen), (.up4, .none), (.down4, .none): true
        default: false
        }
    }

    /// Whether a ground looks different from the terminal's own.
    static func isSeen(_ ground: Ground, _ depth: ColourDepth) -> Bool {
        guard let shade = shade(of: ground) else { return false }
        return switch depth {
        case .none: isReversed(ground, depth)
        case .sixteen: shade.sixteen != nil || isReversed(ground, depth)
        case .indexed, .full: true
        }
    }

    /// Whether a ground needs bold to be recognized.
    static func isBold(_ ground: Ground, _ depth: ColourDepth) -> Bool {
        switch ground {
        case .bar: depth == .none || depth == .sixteen
        default: false
        }
    }
}
