/// Several publishers and several loops at one sequencer, each on a thread of its own, over rounds that a seed repeats.
///
/// In a round every publisher sends a few batches; then all loops must come to know of the round's end, though they
/// sleep whenever nothing waits. A loop whose wake was lost sleeps on: nobody sends anything until it has woken, so the
/// round never ends, and the patience with it does. When all rounds are over, what the publishers were told and what the
/// loops hold must be one truth. `SequencerRaceTests` runs it, and `Tests/Races/run` under the thread sanitizer.
import Broker
import Foundation
import Primitives
import Synchronization

final class Crowd: Sendable {
    static let publisherCount = 3
    static let loopCount = 3
    /// How long anything may take before a wake counts as lost. Generous: nothing is asserted about time.
    static let patience = 30
    /// Values of these live as long as the crowd; the others end, are purged, and come back as new ones.
    static let lasting = (0..<24).map { "lasting/\($0)" }
    static let passing = (0..<24).map { "passing/\($0)" }

    private let seed: UInt64
    private let roundCount: Int
    private let sequencer: Sequencer
    private let starts = (0..<publisherCount).map { _ in Signal() }
    private let loops: [Loop]
    private let failure = Mutex<String?>(nil)

    /// What a loop waits for, and what it tells.
    private struct Loop: Sendable {
        let inbox: Inbox
        let wake: Signal
        /// It knows that a round has ended.
        let roundEnd = Signal()
    }

    init(seed: UInt64, rounds: Int) {
        self.seed = seed
        roundCount = rounds
        var retention = Sequencer.Retention()
        // So few that topics are purged while others write them.
        retention.tombstoneLimit = 4
        var random = SeededGenerator(seed: seed)
        let sequencer = Sequencer(epoch: Epoch(random: &random), retention: retention)
        self.sequencer = sequencer
        loops = (0..<Self.loopCount).map { _ in
            let wake = Signal()
            return Loop(inbox: sequencer.addInbox { wake.give() }, wake: wake)
        }
    }

    /// Runs it all; what went wrong, or nil.
    func run() -> String? {
        let receipts = Mutex<[Receipt]>([])
        let worlds = Mutex<[World]>([])
        let threads = Signal()
        for number in 0..<Self.publisherCount {
            start(threads) { [self] in
                let own = publish(as: number)
                receipts.withLock { $0 += own }
            }
        }
        for number in 0..<Self.loopCount {
            start(threads) { [self] in
                let own = follow(as: number)
                worlds.withLock { $0.append(own) }
            }
        }
        lead()
        for _ in 0..<Self.publisherCount + Self.loopCount where !threads.take() {
            return failure.withLock { $0 } ?? "a thread did not end"
        }
        return failure.withLock { $0 }
            ?? Self.difference(between: receipts.withLock { $0 }, and: worlds.withLock { $0 })
    }

    private func start(_ end: Signal, _ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread {
            body()
            end.give()
        }
    }

    private func fail(_ text: String) {
        failure.withLock { $0 = $0 ?? text }
    }

    private var hasFailed: Bool { failure.withLock { $0 != nil } }

    // MARK: Leading

    /// Begins each round when all loops have seen the end of the one before.
    private func lead() {
        for round in 1...roundCount {
            for start in starts { start.give() }
            for (number, loop) in loops.enumerated() where !hasFailed && !loop.roundEnd.take() {
                fail("loop \(number) was not woken for the end of round \(round)")
            }
            if hasFailed { break }
        }
        // Whoever still waits is to see that it is over.
        for signal in starts + loops.map(\.wake) { signal.give() }
    }

    // MARK: Publishing

    /// What a publisher was told of one update.
    private struct Receipt: Sendable {
        let topic: String
        let version: UInt64
        /// Nil: a tombstone.
        let data: String?
    }

    private func publish(as number: Int) -> [Receipt] {
        var random = SeededGenerator(seed: seed &* 100 &+ UInt64(number))
        var receipts: [Receipt] = []
        for round in 1...roundCount {
            guard starts[number].take(times: 2), !hasFailed else {
                fail("publisher \(number) was not told to begin round \(round)")
                break
            }
            for step in 0..<Int.random(in: 0...3, using: &random) {
                let isPassing = Int.random(in: 0..<2, using: &random) == 0
                let names = isPassing ? Self.passing : Self.lasting
                let topic = names[Int.random(in: 0..<names.count, using: &random)]
                let isEnd = isPassing && Int.random(in: 0..<2, using: &random) == 0
                send(topic, isEnd ? nil : "\"\(number) \(round) \(step)\"", into: &receipts)
            }
            send(Self.end(of: number), "\(round)", into: &receipts)
        }
        return receipts
    }

    private static func end(of publisher: Int) -> String { "end/\(publisher)" }

    private func send(_ topic: String, _ data: String?, into receipts: inout [Receipt]) {
        var batch = UpdateBatch()
        let name = Array(topic.utf8)
        do {
            if let data {
                try batch.append(topic: name.span, data: Array(data.utf8).span)
            } else {
                try batch.append(tombstoneOf: name.span)
            }
            let outcome = try sequencer.publish(
                batch, time: UnixTime(milliseconds: 1), at: Instant(nanoseconds: 1))
            if let version = outcome.lastVersion {
                receipts.append(Receipt(topic: topic, version: version, data: data))
            }
        } catch {
            fail("\(topic): \(error)")
        }
    }

    // MARK: Following

    /// What a loop holds at the end.
    private struct World: Equatable, Sendable {
        let sequence: UInt64
        /// The latest update of every topic that has one.
        let latest: [String: String]
    }

    /// What a gateway's loop does: catch up, and sleep when nothing waits.
    private func follow(as number: Int) -> World {
        let loop = loops[number]
        let replica = BrokerReplica(inbox: loop.inbox)
        var round = 1
        while round <= roundCount, !hasFailed {
            replica.catchUp()
            if Self.knows(replica, theEndOf: round) {
                round += 1
                loop.roundEnd.give()
            } else if loop.inbox.sleep(), !loop.wake.take(times: 2) {
                fail("loop \(number) slept through round \(round)")
            }
        }
        let names = Self.lasting + Self.passing + (0..<Self.publisherCount).map(Self.end)
        let held = names.compactMap { name in latest(name, in: replica).map { (name, $0) } }
        return World(sequence: replica.sequence, latest: Dictionary(uniqueKeysWithValues: held))
    }

    private static func knows(_ replica: BrokerReplica, theEndOf round: Int) -> Bool {
        (0..<publisherCount).allSatisfy { latest(end(of: $0), in: replica)?.hasSuffix(":\(round)}") == true }
    }

    private static func latest(_ topic: String, in replica: BrokerReplica) -> String? {
        replica.latest(Array(topic.utf8).span).map { String(decoding: $0.line, as: UTF8.self) }
    }

    private func latest(_ topic: String, in replica: BrokerReplica) -> String? {
        Self.latest(topic, in: replica)
    }

    // MARK: One truth

    private static func difference(between receipts: [Receipt], and worlds: [World]) -> String? {
        guard worlds.count == loopCount, let world = worlds.first else { return "a loop told nothing" }
        for other in worlds where other != world { return "loops hold different things: \(world), \(other)" }
        // Every update that was accepted has one number of its own.
        guard world.sequence == UInt64(receipts.count) else {
            return "\(receipts.count) updates were accepted, the last one is number \(world.sequence)"
        }
        for (topic, own) in Dictionary(grouping: receipts, by: \.topic) {
            let sorted = own.sorted { $0.version < $1.version }
            guard let first = sorted.first, let last = sorted.last else { continue }
            if Set(own.map(\.version)).count != own.count { return "\(topic): a version was given twice" }
            // A topic that is new after a purge counts on from the purged one's version, and so leaves numbers out.
            if !passing.contains(topic), last.version - first.version + 1 != UInt64(own.count) {
                return "\(topic): \(own.count) updates have the versions \(first.version) to \(last.version)"
            }
            let expected = last.data.map {
                "{\"topic\":\"\(topic)\",\"version\":\(last.version),\"time\":1,\"data\":\($0)}"
            }
            guard world.latest[topic] == expected else {
                return "\(topic): \(world.latest[topic] ?? "nothing") in place of \(expected ?? "nothing")"
            }
        }
        return nil
    }
}

/// Something to wait for, as often as it was given.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func give() { semaphore.signal() }

    /// Waits for it; false when it does not come in time. Who leads has the least patience, and says what is wrong.
    func take(times patience: Int = 1) -> Bool {
        semaphore.wait(timeout: .now() + .seconds(Crowd.patience * patience)) == .success
    }
}
