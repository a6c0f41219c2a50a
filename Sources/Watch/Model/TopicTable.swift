/// The topics that a subscription covers, found by name.
internal import Client
internal import Primitives

package struct TopicTable: Sendable {
    package private(set) var rows: [TopicRow] = []
    private var index: [[UInt8]: Int] = [:]
    /// Grows with each topic that appears or disappears.
    package private(set) var shape = 0
    /// Grows with each update.
    package private(set) var edition = 0

    package init() {}

    package func row(of topic: [UInt8]) -> Int? { index[topic] }

    /// Returns whether the update was new.
    mutating func take(_ update: Update, generation: Int, now: Instant) -> Bool {
        if update.isTombstone { return remove(update.topic) }
        guard let place = index[update.topic] else {
            index[update.topic] = rows.count
            rows.append(TopicRow(update, generation: generation, now: now))
            shape += 1
            edition += 1
            return true
        }
        guard rows[place].take(update, generation: generation, now: now) else { return false }
        edition += 1
        return true
    }

    mutating func take(_ staleness: Staleness) {
        guard let place = index[staleness.topic] else { return }
        rows[place].becomeStale(since: staleness.since)
    }

    @discardableResult
    mutating func remove(_ topic: [UInt8]) -> Bool {
        guard let place = index.removeValue(forKey: topic) else { return false }
        let last = rows.removeLast()
        if place < rows.count {
            rows[place] = last
            index[last.topic] = place
        }
        shape += 1
        return true
    }

    /// A snapshot has ended: topics that it did not name no longer exist.
    mutating func removeRows(before generation: Int) {
        for topic in rows.filter({ $0.generation < generation }).map(\.topic) { remove(topic) }
    }
}
