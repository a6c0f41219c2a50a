/// A node without readers, and one publisher that hands it batches as fast as they are answered.
import Broker
import Cluster
import Primitives
import Synchronization
import Transport

/// Its threads are those of a gateway's node: one that applies, and one for each lane to Redis. They end with the process.
final class BusNode: PublishReceiver, Sendable {
    /// Updates that may be under way: of so many publishers of whom each waits for its answer.
    private static let window = 20_000
    private static let topicCount = 1000

    private struct State {
        var isLoaded = false
        var onTheWay = 0
        var applied: UInt64 = 0
    }

    private let log: ClusterLog
    private let state = Monitor(State())
    private let batchSize: Int
    private let name: String

    init(_ name: String, at url: RedisURL, batchSize: Int) throws {
        self.name = name
        self.batchSize = batchSize
        let rules = Sequencer.Retention()
        let log = ClusterLog(
            Sequencer(epoch: .random(), retention: rules), by: LogClock(ofWall: .now(), at: .now()),
            rules: rules)
        self.log = log
        var chores: [Monitor<Queue<ClusterChore>>] = []
        for lane in ClusterLane.allCases {
            nonisolated(unsafe) let connection = try RedisLog(url, prefix: "tg", trusting: .system)
            let waiting = Monitor(Queue<ClusterChore>())
            chores.append(waiting)
            _ = try LoopThread(name: "\(name) \(lane)") {
                while true { log.report(waiting.takeFirst().run(at: connection), of: lane) }
            }
        }
        nonisolated(unsafe) let work = ClusterWork(
            log, ClusterSettings(node: name, rules: rules), tell: { [state] in Self.hear($0, state) },
            handOut: { [chores] in chores[$1.rawValue].append($0) })
        _ = try LoopThread(name: name) { [state] in
            while true {
                log.waitForWork(until: work.nextDeadline)
                work.step(time: .now(), at: .now())
                state.withLock { $0.applied = work.applied }
            }
        }
    }

    private static func hear(_ notice: ClusterNotice, _ state: Monitor<State>) {
        switch notice {
        case .loaded: state.withLock { $0.isLoaded = true }
        case .unusable(let reason), .away(let reason), .refused(let reason): stop(reason)
        default: break
        }
    }

    func waitUntilLoaded() { _ = state.wait(until: .never) { $0.isLoaded } }

    var applied: UInt64 { state.withLock { $0.applied } }

    func waitUntilApplied(_ position: UInt64) { _ = state.wait(until: .never) { $0.applied >= position } }

    /// Starts a thread that publishes so many batches and ends when all are answered.
    func publish(_ count: Int) throws -> LoopThread {
        try LoopThread(name: "\(name) in") { [self] in
            var batches: [Pattern] = []
            for number in 0..<max(Self.topicCount / batchSize, 1) {
                batches.append(Pattern(number, batchSize))
            }
            for number in 0..<count { publish(batches[number % batches.count]) }
            _ = state.wait(until: .never) { $0.onTheWay == 0 }
        }
    }

    /// A batch, behind a reference: batches are not copied.
    private final class Pattern {
        var batch = UpdateBatch()

        init(_ number: Int, _ count: Int) {
            for update in 0..<count {
                let topic = "bus/\((number * count + update) % topicCount)"
                let value =
                    #"{"price":\#(update).25,"bid":\#(update).2,"ask":\#(update).3,"volume":\#(number * 7),"venue":"XNAS"}"#
                do {
                    try batch.append(topic: Array(topic.utf8).span, data: Array(value.utf8).span)
                } catch {
                    stop("\(error)")
                }
            }
        }
    }

    private func publish(_ pattern: Pattern) {
        _ = state.when({ $0.onTheWay * batchSize < Self.window }, by: .never, then: { $0.onTheWay += 1 })
        do throws(PublishFailure) {
            _ = try log.publish(
                pattern.batch, time: .now(), at: .now(), for: PublishTicket(number: 0, receiver: self))
        } catch {
            stop("\(error)")
        }
    }

    func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64) {
        if case .failure(let failure) = result { stop("\(failure)") }
        state.withLock { $0.onTheWay -= 1 }
    }
}
