/// A number as shown: integer part, fraction and unit, so that a column can align its points.
internal import Primitives

struct NumberText: Equatable {
    var whole = ""
    /// With its point; empty for a whole number.
    var fraction = ""
    /// Also an exponent, as it came: `e-9`.
    var unit = ""
    /// Whether it is written shorter than it came.
    private(set) var isScaled = false

    /// From a million on an amount is scaled: 12.34M.
    private static let scaledFrom = 1e6
    /// Beyond the last unit nothing is.
    private static let scaledUpTo = 1e21
    /// Members that say how much of something there is.
    private static let amounts = ["volume", "size"]

    /// A number in its publisher's digits, except for amounts. `name` shows what it counts.
    init(_ text: String, name: String) {
        let value = Double(text) ?? 0
        guard value.isFinite, abs(value) < Self.scaledUpTo else {
            self.init(written: text)
            return
        }
        if name.hasSuffix("ercent") {
            self.init(value, decimals: min(Self.decimals(of: text), 2))
            unit += "%"
            isScaled = true
        } else if Self.isBytes(name) {
            self.init(bytes: value, Self.pace(name))
        } else if abs(value) >= Self.scaledFrom, Self.amounts.contains(name.lowercased()) {
            self.init(amount: value)
        } else {
            self.init(written: text)
            unit += Self.pace(name)
            if name.hasSuffix("econds") { unit += name.hasSuffix("illiseconds") ? "ms" : "s" }
        }
    }

    private init() {}

    /// A number as it came.
    private init(written text: String) {
        let exponent = text.firstIndex { $0 == "e" || $0 == "E" } ?? text.endIndex
        split(String(text[..<exponent]))
        unit = String(text[exponent...])
    }

    /// A number that was computed; it is finite.
    init(_ value: Double, decimals: Int, isSigned: Bool = false) {
        guard abs(value) < 1e15 else {
            self.init(scientific: value, isSigned: isSigned)
            return
        }
        self.init()
        var text = fixed(value, decimals: decimals)
        // A change that rounds to nothing has no direction.
        let isNothing = !text.contains(where: { ("1"..."9").contains($0) })
        if isNothing, text.hasPrefix("-") { text.removeFirst() }
        if isSigned, value > 0, !isNothing { text = "+" + text }
        split(text)
    }

    /// A change of a number that has so many decimals. One too small for them is one all the same.
    init(change: Double, decimals: Int) {
        var least = 0.5
        for _ in 0..<decimals { least /= 10 }
        if change != 0, abs(change) < least {
            self.init(scientific: change, isSigned: true)
        } else {
            self.init(change, decimals: decimals, isSigned: true)
        }
    }

    /// The change of a scaled number: scaled too, with its sign.
    init(change: Double, name: String) {
        if Self.isBytes(name) {
            self.init(bytes: change, Self.pace(name))
        } else {
            self.init(amount: change)
        }
        if change > 0, text.contains(where: { ("1"..."9").contains($0) }) {
            whole = "+" + whole
        }
    }

    private init(scientific value: Double, isSigned: Bool) {
        var scaled = value
        var exponent = 0
        while abs(scaled) >= 9.995, exponent < 400 { (scaled, exponent) = (scaled / 10, exponent + 1) }
        while abs(scaled) < 0.9995, exponent > -400 { (scaled, exponent) = (scaled * 10, exponent - 1) }
        self.init(scaled, decimals: 2, isSigned: isSigned)
        unit = "e\(exponent)"
    }

    /// How much there is of something.
    init(amount value: Double) {
        if abs(value) < Self.scaledFrom {
            self.init(value, decimals: 0)
        } else {
            self.init(scaling: value, by: 1000, units: ["", "K", "M", "G", "T", "P", "E"])
        }
    }

    private init(bytes value: Double, _ pace: String) {
        self.init(
            scaling: value, by: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].map { $0 + pace })
    }

    /// Of members that say how much of something a second brings.
    private static func pace(_ name: String) -> String { name.hasSuffix("erSecond") ? "/s" : "" }

    private static func isBytes(_ name: String) -> Bool { name.contains("Bytes") || name.contains("bytes") }

    private init(scaling value: Double, by factor: Double, units: [String]) {
        var scaled = value
        var place = 0
        while abs(scaled) >= factor, place + 1 < units.count {
            scaled /= factor
            place += 1
        }
        self.init(scaled, decimals: place == 0 ? 0 : 2)
        (unit, isScaled) = (units[place], true)
    }

    private mutating func split(_ text: String) {
        let point = text.firstIndex(of: ".") ?? text.endIndex
        whole = String(text[..<point])
        fraction = String(text[point...])
    }

    var text: String { whole + fraction + unit }

    /// All of it, or as much as `width` columns have room for: a fraction is cut, and what is whole gets an exponent, lest its
    /// size be misread.
    func fitted(to width: Int, _ ellipsis: String) -> String {
        let text = text
        guard text.utf8.count > width else { return text }
        let room = width - whole.utf8.count - unit.utf8.count - 1
        if let tiny = scientific(unless: room) { return tiny.text }
        if room >= 2, !fraction.isEmpty { return whole + fraction.prefix(room) + ellipsis + unit }
        let sign = whole.prefix { !$0.isNumber }
        let digits = whole.dropFirst(sign.count)
        let end = "\(ellipsis)e\(digits.count - 1 + (Int(unit.dropFirst()) ?? 0))"
        let kept = digits.dropFirst().prefix(max(width - sign.count - end.count - 2, 0))
        return "\(sign)\(digits.prefix(1)).\(kept)\(end)"
    }

    /// A number whose first digits would be cut off: `0.00000000123` has its size in an exponent then.
    private func scientific(unless room: Int) -> NumberText? {
        let zeros = fraction.dropFirst().prefix { $0 == "0" }.count
        guard whole.allSatisfy({ "-0".contains($0) }), zeros > 2, zeros + 3 > room, !unit.hasPrefix("e"),
            let value = Double(whole + fraction), value != 0
        else { return nil }
        var number = NumberText(scientific: value, isSigned: false)
        number.unit += unit
        return number
    }

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
