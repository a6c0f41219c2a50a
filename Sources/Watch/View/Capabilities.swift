/// What the terminal can show, and the characters to draw with.
package struct Capabilities: Sendable, Equatable {
    package var depth: ColourDepth
    package var isUnicode: Bool

    package init(depth: ColourDepth, isUnicode: Bool) {
        self.depth = depth
        self.isUnicode = isUnicode
    }

    /// Whether the locale, if one is set, uses UTF-8. The kernel's own console has neither blocks nor braille.
    package static func isUnicode(environment: (String) -> String?) -> Bool {
        if environment("TERM") == "linux" { return false }
        let stated = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty }
        guard let stated = stated?.lowercased() else { return true }
        return stated.contains("utf-8") || stated.contains("utf8")
    }

    var symbols: Symbols { isUnicode ? .unicode : .ascii }
}

struct Symbols: Sendable {
    /// From low to high.
    let levels: [Character]
    let up: String
    let down: String
    let line: String
    let marker: String
    let stale: String
    let ellipsis: String
    let dot: String
    let pause: String
    let separator: String
    let arrows: String
    let enter: String
    let base: String
    let scroll: String

    static let unicode = Symbols(
        levels: Array("▁▂▃▄▅▆▇█"), up: "▲", down: "▼", line: "─", marker: "▌", stale: "~", ellipsis: "…",
        dot: "●",
        pause: "⏸", separator: "·", arrows: "↑↓", enter: "⏎", base: "┈", scroll: "▐")
    static let ascii = Symbols(
        levels: Array("_.,:-=+#"), up: "^", down: "v", line: "-", marker: ">", stale: "~", ellipsis: "~",
        dot: "*",
        pause: "||", separator: "|", arrows: "jk", enter: "Enter", base: "-", scroll: "|")

    /// `text` in characters that the terminal has, cut to `width` columns.
    func fitted(_ text: String, to width: Int) -> String {
        let clean = printable(text)
        guard columnCount(of: clean) > width else { return clean }
        guard width > 0 else { return "" }
        var kept = String.UnicodeScalarView()
        var used = 0
        for scalar in clean.unicodeScalars {
            let next = columnCount(of: scalar)
            if used + next > width - columnCount(of: ellipsis) { break }
            kept.append(scalar)
            used += next
        }
        return String(kept) + ellipsis
    }

    /// The longest end of `text` that fits `width` columns.
    func fittedEnd(_ text: String, to width: Int) -> String {
        let clean = printable(text)
        var left = width
        let kept = clean.unicodeScalars.reversed().prefix { scalar in
            left -= columnCount(of: scalar)
            return left >= 0
        }
        return String(String.UnicodeScalarView(kept.reversed()))
    }

    /// Text from others must not steer the terminal, so control characters become `?`. So does anything beyond ASCII
    /// on a terminal without Unicode.
    func printable(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            let isForeign = ellipsis == "~" && !scalar.isASCII
            if isForeign, columnCount(of: scalar) == 0 { continue }
            clean.append(isControl || isForeign ? "?" : scalar)
        }
        return String(clean)
    }
}
