/// A number as shown: integer part, fraction and unit, so that a column can align its points.
internal import Primitives

struct NumberText: Equatable {
    var whole = ""
    /// With its point; empty for a whole number.
    var fraction = ""
    var unit = ""

    /// More digits than these tell nothing more.
    private static let fractionLimit = 6
    /// From a million on, a number is scaled: 12.34M.
    private static let scaledFrom = 1e6
    /// Beyond the last unit, or if six digits behind the point would be zero, it is written as 1.23e-9.
    private static let scaledUpTo = 1e21
    private static let tiniest = 1e-6

    /// A number in its publisher's notation, scaled where it is too long to read. `name` shows what it counts.
    init(_ text: String, name: String) {
        let value = Double(text) ?? 0
        if name.hasSuffix("Percent") {
            self.init(value, decimals: min(Self.decimals(of: text), 2))
            unit = "%"
        } else if name.contains("Bytes") || name.contains("bytes") {
            self.init(scaling: value, by: 1024, units: ["B", "K", "M", "G", "T", "P"])
        } else if value != 0, abs(value) < Self.tiniest || abs(value) >= Self.scaledUpTo {
            self.init(scientific: value)
        } else if abs(value) >= Self.scaledFrom {
            self.init(scaling: value, by: 1000, units: ["", "K", "M", "G", "T", "P", "E"])
        } else if text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            let isWhole = value == value.rounded()
            self.init(value, decimals: isWhole ? 0 : abs(value) < 0.01 ? Self.fractionLimit : 4)
        } else if Self.decimals(of: text) > Self.fractionLimit {
            self.init(value, decimals: abs(value) >= 1000 ? 2 : abs(value) >= 1 ? 4 : Self.fractionLimit)
        } else {
            self.init()
            split(text)
        }
    }

    private init() {}

    init(_ value: Double, decimals: Int, isSigned: Bool = false) {
        self.init()
        var text = fixed(value, decimals: decimals)
        // A change that rounds to nothing has no direction.
        if text.hasPrefix("-"), !text.contains(where: { ("1"..."9").contains($0) }) { text.removeFirst() }
        if isSigned, value > 0, text.contains(where: { ("1"..."9").contains($0) }) { text = "+" + text }
        split(text)
    }

    /// The change of a scaled number: scaled too, with its sign.
    init(change: Double, name: String) {
        self.init("\(change)", name: name)
        if change > 0, text.contains(where: { ("1"..."9").contains($0) }) {
            whole = "+" + whole
        }
    }

    private init(scientific value: Double) {
        var scaled = value
        var exponent = 0
        while abs(scaled) >= 9.995, exponent < 400 { (scaled, exponent) = (scaled / 10, exponent + 1) }
        while abs(scaled) < 0.9995, exponent > -400 { (scaled, exponent) = (scaled * 10, exponent - 1) }
        self.init(scaled, decimals: 2)
        unit = "e\(exponent)"
    }

    private init(scaling value: Double, by factor: Double, units: [String]) {
        var scaled = value
        var place = 0
        while abs(scaled) >= factor, place + 1 < units.count {
            scaled /= factor
            place += 1
        }
        self.init(scaled, decimals: place == 0 ? 0 : 2)
        unit = units[place]
    }

    private mutating func split(_ text: String) {
        let point = text.firstIndex(of: ".") ?? text.endIndex
        whole = String(text[..<point])
        fraction = String(text[point...])
    }

    var text: String { whole + fraction + unit }

    static func decimals(of text: String) -> Int {
        guard let point = text.utf8.firstIndex(of: ASCII.period) else { return 0 }
        return text.utf8[text.utf8.index(after: point)...].prefix { ASCII.isDigit($0) }.count
    }
}

/// `value` with exactly `decimals` digits behind its point.
func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var power: UInt64 = 1
    for _ in 0..<decimals { power *= 10 }
    let scaled = (abs(value) * Double(power)).rounded()
    guard scaled < 0x1p63 else { return "\(value)" }
    let units = UInt64(scaled)
    let sign = value < 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(units)" }
    let fraction = "\(units % power)"
    let zeros = String(repeating: "0", count: decimals - fraction.utf8.count)
    return "\(sign)\(units / power).\(zeros)\(fraction)"
}

/// A count with separated thousands: 1,234,567.
func grouped(_ count: some BinaryInteger) -> String {
    var text = ""
    for (place, digit) in "\(count)".reversed().enumerated() {
        if place > 0, place.isMultiple(of: 3), digit != "-" { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}

/// How long ago, in at most four columns: `now`, `42s`, `17m`, `5h`, `3d`.
func ageText(milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1000
    switch seconds {
    case 0: return "now"
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m"
    case ..<86_400: return "\(seconds / 3600)h"
    default: return seconds / 86_400 > 999 ? "old" : "\(seconds / 86_400)d"
    }
}
