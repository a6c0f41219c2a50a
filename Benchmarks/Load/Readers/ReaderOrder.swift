/// The orders to a process of readers, and its reports: one JSON object a line, both ways.
import Foundation
import Primitives

struct ReaderOrder: Codable {
    var server: String
    /// The readers use the ports in turn.
    var ports: [UInt16]
    var transport: Workload.Transport
    /// The number of the first reader, which is also its seed.
    var first = 0
    var count = 0
    var topics: Int
    var topicsEach: Int
    var maxRate = 0.0
    /// This many of the readers take `slowBytes` a second.
    var slowCount = 0
    var slowBytes = 0
    /// Whether a reader that loses its connection returns with its cursor.
    var remembersCursors = false

    func topics(of reader: Int) -> [Int] {
        if topicsEach >= topics { return Array(0..<topics) }
        var generator = SeededGenerator(seed: UInt64(reader) &* 7919 &+ 1)
        var chosen = Set<Int>()
        while chosen.count < topicsEach { chosen.insert(Int.random(in: 0..<topics, using: &generator)) }
        return chosen.sorted()
    }
}

enum ReaderCommand: String {
    /// Forget all counts.
    case begin
    /// Report all counts.
    case report
    /// Cut all connections and reconnect.
    case storm
}

struct ReaderReport: Codable {
    var live = 0
    /// Connections that the server ended.
    var lost = 0
    /// From the start of the first connection until the last reader is live.
    var connectSeconds = 0.0
    var updates: UInt64 = 0
    var bytes: UInt64 = 0
    /// System calls that returned bytes.
    var reads: UInt64 = 0
    /// Answered long polls.
    var answers: UInt64 = 0
    var age = Histogram()
    /// The same for the slow readers.
    var slowAge = Histogram()

    mutating func add(_ other: ReaderReport) {
        live += other.live
        lost += other.lost
        connectSeconds = max(connectSeconds, other.connectSeconds)
        updates += other.updates
        bytes += other.bytes
        reads += other.reads
        answers += other.answers
        age.add(other.age)
        slowAge.add(other.slowAge)
    }
}
