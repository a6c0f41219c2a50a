/// The recent values of one topic; the newest replaces the oldest.
package struct History: Sendable, Equatable {
    /// A braille chart of 64 columns, two points each. A full history takes a kilobyte.
    package static let limit = 128

    private var values: [Double] = []
    /// Where the oldest value is once the ring is full.
    private var start = 0

    package init() {}

    package var count: Int { values.count }
    package var last: Double? {
        values.isEmpty ? nil : values[(start + values.count - 1) % values.count]
    }

    package mutating func append(_ value: Double) {
        if values.count < Self.limit {
            values.append(value)
        } else {
            values[start] = value
            start = (start + 1) % Self.limit
        }
    }

    /// The last `count` values, oldest first.
    package func suffix(_ count: Int) -> [Double] {
        let taken = min(count, values.count)
        return (values.count - taken..<values.count).map { values[(start + $0) % values.count] }
    }
}
