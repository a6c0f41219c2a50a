/// Durations on a logarithmic scale: 32 steps to each doubling, so that a figure is off by 3 % at most.

struct Histogram: Codable {
    private static let stepBits = 5
    private static let steps = 1 << stepBits
    /// Enough for a day of microseconds.
    private static let bucketCount = (37 - stepBits + 1) * steps

    private(set) var counts = [UInt64](repeating: 0, count: bucketCount)
    private(set) var total: UInt64 = 0
    private(set) var greatest: UInt64 = 0

    /// Counts `microseconds` `count` times.
    @inline(__always) mutating func record(_ microseconds: UInt64, count: UInt64 = 1) {
        let width = UInt64.bitWidth - microseconds.leadingZeroBitCount
        let shift = max(width - Self.stepBits - 1, 0)
        let index = min(shift * Self.steps + Int(microseconds >> UInt64(shift)), Self.bucketCount - 1)
        counts[index] += count
        total += count
        if microseconds > greatest { greatest = microseconds }
    }

    mutating func add(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        total += other.total
        greatest = max(greatest, other.greatest)
    }

    /// The value in microseconds that `share` of all values do not exceed; nil without values.
    func percentile(_ share: Double) -> Double? {
        guard total > 0 else { return nil }
        let wanted = UInt64((Double(total) * share).rounded(.up))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() {
            seen += count
            if seen >= max(wanted, 1) { return min(Self.upperBound(of: index), Double(greatest)) }
        }
        return Double(greatest)
    }

    /// The greatest value that falls into a bucket.
    private static func upperBound(of index: Int) -> Double {
        if index < 2 * steps { return Double(index) }
        let shift = index / steps - 1
        return Double(((index - shift * steps) + 1) << shift) - 1
    }

    // As pairs of index and count, because most counts are 0.

    private enum CodingKeys: String, CodingKey {
        case buckets, greatest
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        greatest = try values.decode(UInt64.self, forKey: .greatest)
        let pairs = try values.decode([UInt64].self, forKey: .buckets)
        for place in stride(from: 0, to: pairs.count - 1, by: 2) {
            counts[Int(pairs[place])] = pairs[place + 1]
            total += pairs[place + 1]
        }
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        let pairs = counts.enumerated().filter { $0.element > 0 }.flatMap { [UInt64($0.offset), $0.element] }
        try values.encode(pairs, forKey: .buckets)
        try values.encode(greatest, forKey: .greatest)
    }
}
