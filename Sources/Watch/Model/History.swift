/// The recent numbers of one topic; the newest replaces the oldest.
package struct History: Sendable, Equatable {
    /// A braille chart of 64 columns, two points each. A full history takes a kilobyte.
    package static let limit = 128

    private var values: [Double] = []
    private var decimals: [UInt8] = []
    /// By place, where a double does not hold the numeral.
    private var texts: [Int: [UInt8]] = [:]
    /// Where the oldest value is once the ring is full.
    private var start = 0

    package init() {}

    package var count: Int { values.count }

    /// What is infinite to a double cannot be drawn, and is passed over.
    package mutating func append(_ numeral: Numeral) {
        guard numeral.value.isFinite else { return }
        var place = values.count
        if place < Self.limit {
            values.append(numeral.value)
            decimals.append(numeral.decimals)
        } else {
            place = start
            values[place] = numeral.value
            decimals[place] = numeral.decimals
            start = (start + 1) % Self.limit
        }
        if numeral.text != nil || !texts.isEmpty { texts[place] = numeral.text }
    }

    /// The last `count` values, oldest first.
    package func suffix(_ count: Int) -> [Double] {
        let taken = min(count, values.count)
        return (values.count - taken..<values.count).map { values[(start + $0) % values.count] }
    }

    /// The number at `index`, counted from the oldest.
    package func numeral(at index: Int) -> Numeral {
        let place = (start + index) % values.count
        return Numeral(value: values[place], decimals: decimals[place], text: texts[place])
    }
}
