/// Guesses from the data which members deserve a column.
internal import Primitives

enum ColumnGuess {
    /// Names that people use for "the value", the likeliest first.
    private static let valueNames = [
        "last", "price", "value", "close", "mid", "rate", "busyPercent", "usedPercent", "load1",
        "receivedBytesPerSecond", "count", "seconds", "bid",
    ]
    /// Those of them that are prices. A number that stands alone counts as one.
    private static let priceNames: Set = ["last", "price", "value", "close", "mid", "rate", "bid"]
    /// Names for the value at the day's start.
    private static let openNames = ["open", "dayOpen", "openPrice", "previousClose", "prevClose"]
    /// Members that the change columns already show.
    private static let changeNames = [
        "change", "changePercent", "percentChange", "changePct", "time", "timestamp",
    ]
    /// Members that traders read first, in their order.
    private static let knownNames = ["bid", "ask", "volume", "size", "high", "low"]

    /// Nobody reads more columns than this.
    private static let limit = 8
    /// A column that most rows would leave empty is not shown.
    private static let leastShare = 0.25
    /// Rows to look at: enough to see each kind, and still cheap.
    static let sampleCount = 200

    /// The member that is a topic's value; nil without numbers.
    static func valuePath(of text: Span<UInt8>) -> MemberPath? {
        if ValueReader.numeral(at: .whole, in: text) != nil { return .whole }
        return pick(valueNames, among: ValueReader.numericMembers(of: text), orFirst: true)
    }

    /// Whether it is good or bad news when that member rises or falls. All else is a metric.
    static func isPrice(_ path: MemberPath) -> Bool {
        path == .whole || priceNames.contains(path.lastName)
    }

    /// The member that the change is measured from, if there is one.
    static func openPath(of text: Span<UInt8>) -> MemberPath? {
        pick(openNames, among: ValueReader.numericMembers(of: text), orFirst: false)
    }

    private static func pick(
        _ names: [String], among members: [MemberPath], orFirst: Bool
    ) -> MemberPath? {
        for name in names {
            if let path = members.first(where: { $0.lastName == name }) { return path }
        }
        return orFirst ? members.first : nil
    }

    /// Columns for these rows, the most useful first.
    static func columns(for rows: some Sequence<TopicRow>) -> [MemberPath] {
        var counts: [MemberPath: Int] = [:]
        var order: [MemberPath] = []
        var rowCount = 0
        for row in rows {
            rowCount += 1
            for path in ValueReader.numericMembers(of: row.value) {
                guard path != row.valuePath, path != row.openPath,
                    !changeNames.contains(path.lastName)
                else { continue }
                if counts[path] == nil { order.append(path) }
                counts[path, default: 0] += 1
            }
        }
        let least = Int((Double(rowCount) * leastShare).rounded(.up))
        let shared = order.filter { counts[$0] ?? 0 >= max(least, 1) }
        let known = knownNames.compactMap { name in shared.first { $0.lastName == name } }
        return Array((known + shared.filter { !known.contains($0) }).prefix(limit))
    }
}
