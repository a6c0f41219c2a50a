/// Which certificates are to be warned of: when they have 21, 7 and 1 days left.
internal import Primitives

struct ExpiryWarnings {
    private static let days: [Double] = [21, 7, 1]

    /// Of which threshold each was told, and for which end.
    private var told: [String: (end: UnixTime, days: Double)] = [:]

    /// How many days are left to a certificate of which a warning is due; nil: none is.
    mutating func daysLeft(of file: String, endingAt end: UnixTime, _ now: UnixTime) -> Int? {
        let left = (Double(end.milliseconds) - Double(now.milliseconds)) / 86_400_000
        guard let threshold = Self.days.last(where: { left <= $0 }) else { return nil }
        if let last = told[file], last.end == end, last.days <= threshold { return nil }
        told[file] = (end, threshold)
        return Int(left.rounded(.down))
    }
}
