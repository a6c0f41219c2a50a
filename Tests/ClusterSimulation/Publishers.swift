/// Who publishes: each value once, except that a batch is sent again under its key while nobody has answered it.
internal import Broker
internal import Cluster
internal import Primitives
internal import Synchronization

final class Publishers: PublishReceiver {
    struct Sent {
        let values: [String]
        let key: UInt64?
        let topics: [String]
        var node: String
        var isAnswered = false
    }

    private let sent = Mutex<[UInt64: Sent]>([:])
    private let taken = Mutex<Set<String>>([])

    /// Values that were said to be published.
    var answered: Set<String> { taken.withLock { $0 } }

    var unansweredCount: Int { sent.withLock { $0.count } }

    func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64) {
        guard let batch = sent.withLock({ $0.removeValue(forKey: ticket) }) else {
            preconditionFailure("ticket \(ticket) was answered twice")
        }
        if case .success = result { taken.withLock { $0.formUnion(batch.values) } }
    }

    /// A node that has died answers nobody.
    func forget(_ node: String) {
        sent.withLock { sent in sent = sent.filter { $0.value.node != node } }
    }

    /// A batch under a key that nobody has answered yet.
    func unansweredKey(_ random: inout SeededGenerator) -> Sent? {
        let waiting = sent.withLock { $0.filter { $0.value.key != nil } }
        return waiting.min { $0.key < $1.key }?.value
    }

    private let counts = Mutex((value: 0, ticket: UInt64(0)))

    /// Returns what happened.
    func publish(
        at node: SimulatedNode, again: Sent?, _ time: WorldTime, _ random: inout SeededGenerator
    ) -> String {
        let batch = again ?? newBatch(&random)
        var updates = UpdateBatch()
        for (topic, value) in zip(batch.topics, batch.values) {
            try? updates.append(topic: Array(topic.utf8).span, data: Array("\"\(value)\"".utf8).span)
        }
        updates.key = batch.key.map { PublishKey(.init(high: $0, low: $0)) }
        let ticket = counts.withLock { counts in
            counts.ticket += 1
            return counts.ticket
        }
        var entry = batch
        entry.node = node.name
        sent.withLock { [entry] in $0[ticket] = entry }
        do {
            _ = try node.log.publish(
                updates, time: time.wall, at: time.now, for: PublishTicket(number: ticket, receiver: self))
            return "\(node.name) is to publish \(batch.values)"
        } catch {
            sent.withLock { $0[ticket] = nil }
            return "\(node.name) refuses \(batch.values): \(error)"
        }
    }

    private func newBatch(_ random: inout SeededGenerator) -> Sent {
        let count = Int.random(in: 1...3, using: &random)
        let first = counts.withLock { counts in
            defer { counts.value += count }
            return counts.value
        }
        let topics = (0..<count).map { _ in
            ["last", "log", "brief"][Int.random(in: 0..<3, using: &random)]
                + "/\(Int.random(in: 0..<4, using: &random))"
        }
        return Sent(
            values: (first..<first + count).map { "value-\($0)." },
            key: Int.random(in: 0..<4, using: &random) == 0 ? UInt64(first + 1) : nil, topics: topics,
            node: "")
    }

    /// The values that bytes speak of.
    static func values(in bytes: [UInt8]) -> [String] {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.components(between: "value-", and: ".").map { "value-\($0)." }
    }
}

extension String {
    /// What stands between each `start` and the next `end`.
    fileprivate func components(between start: String, and end: Character) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: start) {
            rest = rest[range.upperBound...]
            guard let stop = rest.firstIndex(of: end) else { break }
            found.append(rest[..<stop])
        }
        return found
    }
}
