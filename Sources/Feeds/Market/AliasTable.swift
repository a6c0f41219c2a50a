/// Draws weighted indices in O(1), however many there are (Walker 1977, built as Vose 1991 does).
struct AliasTable {
    /// A column of the table: the index itself below the threshold, the alias above it.
    private struct Column {
        var threshold: UInt32
        var alias: UInt32
    }

    private let columns: [Column]

    /// `weights` must be above zero, and there must be at least one.
    init(weights: [Double]) {
        precondition(!weights.isEmpty, "a draw needs something to draw from")
        let mean = weights.reduce(0, +) / Double(weights.count)
        var shares = weights.map { $0 / mean }
        var columns = weights.indices.map { Column(threshold: .max, alias: UInt32($0)) }
        var small = shares.indices.filter { shares[$0] < 1 }
        var large = shares.indices.filter { shares[$0] >= 1 }
        while let poor = small.popLast(), let rich = large.last {
            columns[poor] = Column(threshold: UInt32(shares[poor] * 0x1p32), alias: UInt32(rich))
            shares[rich] -= 1 - shares[poor]
            if shares[rich] < 1 { small.append(large.removeLast()) }
        }
        self.columns = columns
    }

    /// The weights of Zipf's law: the second is half as frequent as the first, the third a third.
    static func zipf(count: Int) -> AliasTable {
        AliasTable(weights: (1...count).map { 1 / Double($0) })
    }

    /// Turns 64 random bits into an index: the upper half picks a column, the lower half its side.
    func draw(_ bits: UInt64) -> Int {
        let index = Int(((bits >> 32) &* UInt64(columns.count)) >> 32)
        let column = columns[index]
        return UInt32(truncatingIfNeeded: bits) < column.threshold ? index : Int(column.alias)
    }
}
