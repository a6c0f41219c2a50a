/// Updates that wait for a log that is away, of publishers that can't be told to come again: of a topic's values only the last one waits.

/// A log's topics lose nothing. Owned by one thread at a time.
package struct UpdateBacklog: ~Copyable {
    private var batch = UpdateBatch()
    /// Beyond so many bytes what newer values replace is dropped.
    private var conflationByteCount = Self.leastConflationByteCount

    private static let leastConflationByteCount = 64 << 10
    /// Beyond so many bytes nothing more is taken.
    private static let byteLimit = 8 << 20

    package init() {}

    package var isEmpty: Bool { batch.isEmpty }
    package var byteCount: Int { batch.byteCount }

    /// Takes updates over; false: there is no room for them. `rules` say which topics keep a log.
    package mutating func take(
        _ other: borrowing UpdateBatch, by rules: Sequencer.Retention
    ) -> Bool {
        if batch.byteCount + other.byteCount > conflationByteCount { conflate(by: rules) }
        guard batch.byteCount + other.byteCount <= Self.byteLimit else { return false }
        for index in 0..<other.count { batch.append(update: index, of: other) }
        return true
    }

    /// Hands out all updates, some at a time, and forgets them.
    package mutating func empty(by rules: Sequencer.Retention, _ take: (borrowing UpdateBatch) -> Void) {
        conflate(by: rules)
        var part = UpdateBatch()
        for index in 0..<batch.count {
            part.append(update: index, of: batch)
            guard part.count == Self.partCount || index == batch.count - 1 else { continue }
            take(part)
            part.removeAll()
        }
        batch = UpdateBatch()
        conflationByteCount = Self.leastConflationByteCount
    }

    private static let partCount = 512

    private mutating func conflate(by rules: Sequencer.Retention) {
        var seen = Set<[UInt8]>()
        var kept: [Int] = []
        for index in (0..<batch.count).reversed() {
            let name = batch.name(of: batch.entries[index])
            if rules.updateCount(keptOf: name) > 0 || seen.insert(Array(name)).inserted { kept.append(index) }
        }
        var conflated = UpdateBatch()
        for index in kept.reversed() { conflated.append(update: index, of: batch) }
        batch = conflated
        conflationByteCount = max(Self.leastConflationByteCount, batch.byteCount * 2)
    }
}
