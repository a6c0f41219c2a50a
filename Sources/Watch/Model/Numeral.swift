/// A number as its publisher wrote it. A double holds some 15 digits and is for drawing; what is shown, compared and subtracted is
/// exact.
internal import Primitives

package struct Numeral: Sendable {
    /// The nearest double, which may be infinite.
    package let value: Double
    let decimals: UInt8
    /// Nil where the double with that many decimals is the text again.
    let text: [UInt8]?

    /// Nil if `text` is no number of JSON.
    init?(_ text: Span<UInt8>) {
        var mantissa: UInt64 = 0
        var digits = 0
        var scale = 0
        var isFraction = false
        var isPlain = true
        let isNegative = text.count > 0 && text[0] == ASCII.minus
        for index in (isNegative ? 1 : 0)..<text.count {
            let byte = text[unchecked: index]
            if ASCII.isDigit(byte) {
                mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
                if mantissa > 0 { digits += 1 }
                if isFraction { scale += 1 }
            } else if byte == ASCII.period, !isFraction {
                isFraction = true
            } else {
                isPlain = false
                break
            }
        }
        // Up to 15 digits and 10²² the quotient of two exact doubles is the nearest double; only other numbers need the slow way.
        isPlain = isPlain && digits <= 15 && scale <= Self.mostDecimals
        guard isPlain, mantissa > 0 || !isNegative else {
            guard let value = Double(text.text) else { return nil }
            self.init(value: value, decimals: 0, text: text.array)
            return
        }
        let value = Double(mantissa) / Self.powersOfTen[scale]
        self.init(value: isNegative ? -value : value, decimals: UInt8(scale), text: nil)
    }

    /// A number that was computed.
    init(_ value: Double) {
        self.init(value: value, decimals: 0, text: nil)
    }

    init(value: Double, decimals: UInt8, text: [UInt8]?) {
        self.value = value
        self.decimals = decimals
        self.text = text
    }

    /// The text that it was read from.
    var written: String { text.map { $0.span.text } ?? fixed(value, decimals: Int(decimals)) }

    /// As many as a `UInt64` can count in units of.
    private static let mostDecimals = 18
    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ]
}

extension Numeral: Comparable {
    /// Rounding to doubles keeps the order, or makes what differs equal.
    package static func < (left: Numeral, right: Numeral) -> Bool {
        if left.value != right.value { return left.value < right.value }
        if left.text == nil, right.text == nil { return false }
        return Decimal(left) < Decimal(right)
    }

    package static func == (left: Numeral, right: Numeral) -> Bool {
        guard left.value == right.value else { return false }
        return left.text == nil && right.text == nil || Decimal(left) == Decimal(right)
    }

    /// The double nearest to the difference; nil where there is none, or where it would take too many digits.
    static func - (left: Numeral, right: Numeral) -> Double? {
        let difference =
            left.text == nil && right.text == nil ? left.value - right.value : Decimal(left) - Decimal(right)
        return difference.flatMap { $0.isFinite ? $0 : nil }
    }
}

/// Sign × 0.digits × 10^power, with no zero at either end of the digits.
private struct Decimal: Equatable {
    var sign = 1
    var digits: [UInt8] = []
    var power = 0

    init(_ numeral: Numeral) {
        let text = Array(numeral.written.utf8)
        var rest = text[...]
        if rest.first == ASCII.minus {
            sign = -1
            rest.removeFirst()
        }
        let exponent = rest.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? rest.endIndex
        let point = rest[..<exponent].firstIndex(of: ASCII.period) ?? exponent
        digits = rest[..<exponent].filter { $0 != ASCII.period }.map { $0 &- 0x30 }
        power = point - rest.startIndex
        if exponent < rest.endIndex { power += Self.exponent(rest[(exponent + 1)...]) }
        while digits.last == 0 { digits.removeLast() }
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        power -= zeros
        if digits.isEmpty { (sign, power) = (0, 0) }
    }

    /// Beyond a million it is as good as a million.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        let magnitude = text.reduce(0) { ASCII.isDigit($1) ? min($0 * 10 + Int($1 &- 0x30), 1_000_000) : $0 }
        return text.first == ASCII.minus ? -magnitude : magnitude
    }

    static func < (left: Decimal, right: Decimal) -> Bool {
        if left.sign != right.sign { return left.sign < right.sign }
        let (small, large) = left.sign < 0 ? (right, left) : (left, right)
        if small.power != large.power { return small.power < large.power }
        return small.digits.lexicographicallyPrecedes(large.digits)
    }

    static func - (left: Decimal, right: Decimal) -> Double? {
        let lowest = [left, right].filter { $0.sign != 0 }.map { $0.power - $0.digits.count }.min() ?? 0
        guard let one = left.count(unit: lowest), let other = right.count(unit: lowest) else { return nil }
        return Double("\(one - other)e\(lowest)")
    }

    /// How many units of 10^`unit` it is; nil from 10³⁷ on.
    private func count(unit: Int) -> Int128? {
        guard sign == 0 || power - unit <= 37 else { return nil }
        var count: Int128 = 0
        for place in 0..<(sign == 0 ? 0 : power - unit) {
            count = count * 10 + Int128(place < digits.count ? digits[place] : 0)
        }
        return count * Int128(sign)
    }
}
