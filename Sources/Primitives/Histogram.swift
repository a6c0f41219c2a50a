/// How often values of each size came up, by powers of two: for figures that one thread counts and others read.
public import Synchronization

/// One thread records, any thread reads. Nothing is locked and nothing allocated; a value costs two additions.
///
/// A bucket holds the values up to its bound: 2^0, 2^1, … 2^26, in microseconds about a minute. Greater values have a
/// bucket of their own.
public final class Histogram: Sendable {
    public static let boundCount = 27

    @usableFromInline let counts: InlineArray<28, Atomic<Int>>
    @usableFromInline let sum = Atomic<Int>(0)

    public init() {
        counts = InlineArray { _ in Atomic(0) }
    }

    /// Counts `value`, which is at least 0. Only the recording thread may call it.
    @inlinable public func record(_ value: Int) {
        let bucket = value <= 1 ? 0 : min(Int.bitWidth - (value &- 1).leadingZeroBitCount, Self.boundCount)
        // Only this thread stores, so a load and a store suffice; an atomic addition would lock the bus.
        counts[bucket].store(counts[bucket].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        sum.store(sum.load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }

    /// Counts the microseconds that passed from `start` to `end`.
    @inlinable public func record(from start: Instant, to end: Instant) {
        let nanoseconds = end.nanoseconds > start.nanoseconds ? end.nanoseconds &- start.nanoseconds : 0
        record(Int(truncatingIfNeeded: nanoseconds / 1000))
    }

    /// The counts so far. A reading taken while the other thread records may lack the last values.
    public var reading: Reading {
        var reading = Reading()
        for bucket in 0...Self.boundCount { reading.counts[bucket] = counts[bucket].load(ordering: .relaxed) }
        reading.sum = sum.load(ordering: .relaxed)
        return reading
    }

    /// The counts of one or more histograms.
    public struct Reading: Sendable, Equatable {
        /// One count a bucket; the last bucket has no bound.
        public fileprivate(set) var counts = [Int](repeating: 0, count: boundCount + 1)
        /// The sum of all values.
        public fileprivate(set) var sum = 0

        public init() {}

        public var count: Int { counts.reduce(0, +) }

        /// The greatest value that falls into a bucket with a bound.
        public static func bound(of bucket: Int) -> Int { 1 << bucket }

        public static func + (left: Reading, right: Reading) -> Reading { combined(left, right, +) }

        /// The counts since `earlier`.
        public static func - (later: Reading, earlier: Reading) -> Reading { combined(later, earlier, -) }

        private static func combined(_ left: Reading, _ right: Reading, _ step: (Int, Int) -> Int) -> Reading
        {
            var result = Reading()
            result.counts = zip(left.counts, right.counts).map(step)
            result.sum = step(left.sum, right.sum)
            return result
        }

        /// The value that `share` of all values do not exceed, as if they were spread evenly within a bucket. Nil
        /// without values.
        public func quantile(_ share: Double) -> Double? {
            let total = count
            guard total > 0 else { return nil }
            let wanted = share * Double(total)
            var below = 0
            for (bucket, count) in counts.enumerated() where count > 0 {
                if Double(below + count) >= wanted || below + count == total {
                    let low = bucket == 0 ? 0 : Double(Self.bound(of: bucket - 1))
                    guard bucket < boundCount else { return low }
                    let part = min(max((wanted - Double(below)) / Double(count), 0), 1)
                    return low + (Double(Self.bound(of: bucket)) - low) * part
                }
                below += count
            }
            return nil
        }
    }
}
