/// When a row was recorded: Unix seconds, milliseconds, microseconds or nanoseconds, or ISO 8601.
struct RecordedTime: Equatable {
    /// Since 1970, UTC.
    var nanoseconds: Int64

    /// Nil if `text` is no time.
    init?(_ text: [UInt8]) {
        let string = String(decoding: text, as: UTF8.self)
        guard let nanoseconds = Double(string).map(Self.unix) ?? Self.iso(string) else { return nil }
        self.nanoseconds = nanoseconds
    }

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The magnitude shows the unit: 10¹¹ s is the year 5138, 10¹¹ ms is 1973.
    private static func unix(_ value: Double) -> Int64? {
        let unit: Int64 =
            switch value.magnitude {
            case ..<1e11: 1_000_000_000
            case ..<1e14: 1_000_000
            case ..<1e17: 1000
            default: 1
            }
        // Whole units and fraction apart: a double has too few digits for today in nanoseconds.
        let whole = value.rounded(.down)
        guard let units = Int64(exactly: whole) else { return nil }
        let (nanoseconds, overflowed) = units.multipliedReportingOverflow(by: unit)
        return overflowed ? nil : nanoseconds + Int64(((value - whole) * Double(unit)).rounded())
    }

    /// `2026-01-31T09:30:00.25Z`. A space may replace the T; the fraction and the zone (UTC, or an offset such as
    /// +01:00) may be missing, and so may all behind the day, which then is midnight, UTC.
    private static func iso(_ text: String) -> Int64? {
        var rest = text[...]
        guard let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest), take("-", &rest),
            let day = digits(2, &rest), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        if rest.isEmpty { return daysSince1970(year, month, day) * 86_400 * 1_000_000_000 }
        guard take("T", &rest) || take("t", &rest) || take(" ", &rest),
            let hour = digits(2, &rest), take(":", &rest), let minute = digits(2, &rest)
        else { return nil }
        var second: Int64 = 0
        if take(":", &rest) {
            guard let whole = digits(2, &rest) else { return nil }
            second = whole
        }
        guard hour < 24, minute < 60, second <= 60,
            let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty
        else { return nil }
        let minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1_000_000_000 + fraction
    }

    /// Nanoseconds; 0 without a fraction.
    private static func fraction(_ rest: inout Substring) -> Int64? {
        guard take(".", &rest) || take(",", &rest) else { return 0 }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        guard !digits.isEmpty else { return nil }
        return Int64((digits.prefix(9) + "000000000").prefix(9))
    }

    /// Minutes east of UTC.
    private static func offset(_ rest: inout Substring) -> Int64? {
        if rest.isEmpty || take("Z", &rest) || take("z", &rest) { return 0 }
        let isWest = take("-", &rest)
        guard isWest || take("+", &rest), let hours = digits(2, &rest) else { return nil }
        _ = take(":", &rest)
        guard let minutes = rest.isEmpty ? 0 : digits(2, &rest), hours < 24, minutes < 60 else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func digits(_ count: Int, _ rest: inout Substring) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        rest = rest.dropFirst(count)
        return Int64(digits)
    }

    private static func take(_ character: Character, _ rest: inout Substring) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// In the proleptic Gregorian calendar. Years begin in March here, so that the leap day comes last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
        return marchYear * 365 + leapDays + dayOfYear - 719_468
    }
}
