/// What one loop counts. The loop adds, anybody reads; nothing is locked.
package import Broker
package import Primitives
package import Synchronization

package final class LoopStatistics: Sendable {
    package let connections = Atomic<Int>(0)
    package let webSockets = Atomic<Int>(0)
    package let eventStreams = Atomic<Int>(0)
    package let polls = Atomic<Int>(0)
    package let opened = Atomic<Int>(0)
    package let turnedAway = Atomic<Int>(0)
    package let requests = Atomic<Int>(0)
    package let published = Atomic<Int>(0)
    package let delivered = Atomic<Int>(0)
    package let conflated = Atomic<Int>(0)
    package let flushes = Atomic<Int>(0)
    package let sentBytes = Atomic<Int>(0)
    package let receivedBytes = Atomic<Int>(0)
    package let resumed = Atomic<Int>(0)
    package let reset = Atomic<Int>(0)
    package let gaps = Atomic<Int>(0)
    package let slots = Atomic<Int>(0)
    /// Connections for which nothing is drained at present: their socket is full, or they have not read what they were sent.
    package let stopped = Atomic<Int>(0)
    /// Microseconds of work in a turn, without the wait.
    package let turns = Histogram()
    /// Updates of a drain, and topics that a new subscription was to be sent at its beginning.
    package let batches = Histogram()
    package let snapshots = Histogram()
    package let delays = DeliveryDelays()
    /// Messages sent compressed, what that saved, and how many had to be compressed for it.
    package let compressedMessages = Atomic<Int>(0)
    package let savedBytes = Atomic<Int>(0)
    package let compressions = Atomic<Int>(0)
    /// Messages that went uncompressed because compressing had taken its share of the time.
    package let compressionsSkipped = Atomic<Int>(0)
    /// Requests and messages that were refused, by the code that says why.
    package let refusals: [String: Counter] = Dictionary(
        uniqueKeysWithValues: Problem.codes.map { ($0, Counter()) })
    /// Ended connections, by reason.
    package let endings: [EndReason: Counter] = Dictionary(
        uniqueKeysWithValues: EndReason.allCases.map { ($0, Counter()) })

    package final class Counter: Sendable {
        package let value = Atomic<Int>(0)
    }

    package init() {}

    /// Counts a presented cursor: honoured, or reset.
    func count(resume isHonoured: Bool) {
        if isHonoured { resumed.add() } else { reset.add() }
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
