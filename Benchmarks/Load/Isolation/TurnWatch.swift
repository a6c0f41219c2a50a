/// Reads the gateway's own figures of its turns, twenty times a second, on a thread of its own.
import Foundation
import Primitives
import Synchronization

/// The gateway counts the turns of up to 1, 2, 4, … microseconds and sums them up (`tidegate_turn_seconds`). So a reading
/// says only within a factor of two how long its longest turn was, but the sum over a twentieth of a second, less what all the
/// other turns took, says more: the longer a turn, the nearer are the bounds.
final class TurnWatch: Sendable {
    struct Outcome: Codable, Sendable {
        /// The longest turn took so many milliseconds: at least and at most.
        var longestTurn = [0.0, 0.0]
        /// How long the gateway took to answer, at worst, in milliseconds.
        var longestAnswer = 0.0
    }

    private static let pause: UInt32 = 50_000

    private let isStopped = Atomic<Bool>(false)
    private let outcome = Mutex(Outcome())
    private let failure = Mutex<String?>(nil)
    private let isOver = DispatchSemaphore(value: 0)

    /// Begins to watch: what came before does not count.
    init(port: UInt16) throws {
        let socket = try BenchSocket(to: port)
        let first = try Self.ask(socket).turns
        Thread.detachNewThread { [self] in
            do {
                try watch(socket, since: first)
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
            socket.close()
            isOver.signal()
        }
    }

    private func watch(_ socket: BenchSocket, since first: TurnReading) throws {
        var last = first
        // Once more after the end: a turn counts only when it is over.
        var isLast = false
        while !isLast {
            usleep(Self.pause)
            isLast = isStopped.load(ordering: .relaxed)
            let (turns, time) = try Self.ask(socket)
            let longest = turns.longest(since: last)
            outcome.withLock {
                if longest.upperBound * 1000 > $0.longestTurn[1] {
                    $0.longestTurn = [longest.lowerBound * 1000, longest.upperBound * 1000]
                }
                $0.longestAnswer = max($0.longestAnswer, time.seconds * 1000)
            }
            last = turns
        }
    }

    /// Ends with one more reading, which comes when the turn that is going on has ended.
    func end(patience: Double) throws -> Outcome {
        isStopped.store(true, ordering: .relaxed)
        guard isOver.wait(timeout: .now() + patience) == .success else {
            throw BenchFailure("the gateway did not answer within \(Int(patience)) s of the end")
        }
        if let failure = failure.withLock({ $0 }) { throw BenchFailure("the figures: \(failure)") }
        return outcome.withLock { $0 }
    }

    private static func ask(_ socket: BenchSocket) throws -> (turns: TurnReading, time: Duration) {
        let start = Instant.now()
        try socket.sendAll(HTTPText.get("/metrics"))
        var answer = PollAnswer()
        var space = [UInt8](repeating: 0, count: 65_536)
        while answer.fieldsEnd == nil {
            let count = recv(socket.number, &space, space.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BenchFailure("the gateway closed the connection") }
            space.withUnsafeBufferPointer { answer.append(UnsafeBufferPointer(rebasing: $0[..<count])) }
        }
        let time = Instant.now().since(start)
        return (try TurnReading(metrics: String(decoding: answer.bytes, as: UTF8.self)), time)
    }
}

/// How many turns there have been of each length, in seconds, as `/metrics` says it.
struct TurnReading {
    /// Of each bucket, the shortest first: the longest turn that falls into it, and how many did.
    private var buckets: [(bound: Double, count: Int)] = []
    private var sum = 0.0

    init(metrics: String) throws {
        var below = 0
        for line in metrics.split(separator: "\n") where line.hasPrefix("tidegate_turn_seconds_") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { continue }
            if words[0].hasSuffix("_sum") { sum = value }
            let parts = words[0].split(separator: "\"")
            guard parts.count == 3, let bound = Double(parts[1]) else { continue }
            // What is told is how many turns were that short or shorter.
            buckets.append((bound, Int(value) - below))
            below = Int(value)
        }
        guard !buckets.isEmpty else { throw BenchFailure("/metrics does not tell of turns") }
    }

    /// What the longest of the turns since `earlier` took, in seconds; 0 without any.
    func longest(since earlier: TurnReading) -> ClosedRange<Double> {
        let counts = zip(buckets, earlier.buckets).map { $0.count - $1.count }
        guard let longest = counts.lastIndex(where: { $0 > 0 }) else { return 0...0 }
        // The others of its bucket are as long at most; what those of the buckets below took is known within bounds, too.
        let sum = sum - earlier.sum
        var (least, most) = (Double(counts[longest] - 1) * floor(of: longest), 0.0)
        for (place, count) in counts[..<longest].enumerated() {
            least += Double(count) * floor(of: place)
            most += Double(count) * buckets[place].bound
        }
        let atMost = min(buckets[longest].bound, sum - least)
        let atLeast = max(floor(of: longest), (sum - most) / Double(counts[longest]))
        return min(atLeast, atMost)...atMost
    }

    /// Turns of this bucket are longer.
    private func floor(of place: Int) -> Double { place == 0 ? 0 : buckets[place - 1].bound }
}
