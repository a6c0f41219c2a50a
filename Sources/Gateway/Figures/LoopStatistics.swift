/// One loop's counters. The loop adds, anybody reads, and nothing is locked.
internal import Access
package import Broker
package import Primitives
package import Synchronization
internal import Transport

package final class LoopStatistics: Sendable {
    private let counts: InlineArray<64, Atomic<Int>>
    /// Open connections, whatever they speak.
    package let connections = Atomic<Int>(0)
    /// The loop's replica counts these by itself.
    package let delivery = DeliveryStatistics()
    private let turns = Histogram()
    private let batches = Histogram()
    /// Requests and messages that were refused, by the code that says why.
    let refusals: [String: Counter] = Dictionary(
        uniqueKeysWithValues: Problem.codes.map { ($0, Counter()) })
    /// Credentials that were not believed, by reason.
    let credentialFailures: [String: Counter] = Dictionary(
        uniqueKeysWithValues: CredentialFailure.allCases.map { ($0.reason, Counter()) })
    /// Ended connections, by reason.
    let endings: [EndReason: Counter] = Dictionary(
        uniqueKeysWithValues: EndReason.allCases.map { ($0, Counter()) })

    let handshakeFailures: [HandshakeFailure.Reason: Counter] = Dictionary(
        uniqueKeysWithValues: HandshakeFailure.Reason.allCases.map { ($0, Counter()) })

    final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    package init() {
        counts = InlineArray { _ in Atomic(0) }
        precondition(Figure.allCases.count <= counts.count, "there are more figures than places for them")
    }

    /// Only the loop's thread may.
    func add(_ figure: Figure, _ count: Int = 1) {
        counts[figure.rawValue].add(count)
    }

    /// Only the loop's thread may.
    func set(_ figure: Figure, to count: Int) {
        counts[figure.rawValue].store(count, ordering: .relaxed)
    }

    package subscript(figure: Figure) -> Int { counts[figure.rawValue].now }

    package subscript(distribution: Distribution) -> Histogram {
        switch distribution {
        case .wait: delivery.wait
        case .age: delivery.age
        case .turns: turns
        case .batches: batches
        case .snapshots: delivery.snapshots
        }
    }
}

/// Why a connection ended.
package enum EndReason: String, Sendable, CaseIterable {
    /// The peer closed it, or asked for that.
    case peer
    /// The connection broke: reset, unreachable.
    case broken
    /// The answer was the last one that was wanted.
    case finished
    /// Bytes that are no protocol of ours.
    case malformed
    /// A reader took nothing, or did not answer a ping, for too long.
    case dead
    /// A request did not come whole in time, or none came any more.
    case timeout
    case drained
    /// It lasted as long as a connection may.
    case life
    /// Where it came in, nobody comes in any more.
    case endpoint
    /// What it read was replaced by another state.
    case replaced
    /// A policy was broken: too big, too many.
    case refused
}

extension Atomic<Int> {
    /// Only the owning loop adds, so nothing can come between the load and the store, and no bus has to be locked.
    func add(_ count: Int = 1) {
        store(load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    package var now: Int { load(ordering: .relaxed) }
}
