/// What a process of readers is told to do, and what it tells of it: one JSON object a line, both ways.
import Foundation
import Primitives

struct ReaderOrder: Codable {
    var server: String
    /// Readers are dealt to the ports in turn.
    var ports: [UInt16]
    var transport: Workload.Transport
    /// The number of the first reader, which is also its seed.
    var first: Int
    var count: Int
    var topics: Int
    var topicsEach: Int
    var maxRate: Double
    /// So many of the readers take `slowBytes` a second.
    var slowCount: Int
    var slowBytes: Int
    /// Whether a reader that is cut comes back with its cursor.
    var remembersCursors: Bool

    func topics(of reader: Int) -> [Int] {
        if topicsEach >= topics { return Array(0..<topics) }
        var generator = SeededGenerator(seed: UInt64(reader) &* 7919 &+ 1)
        var chosen = Set<Int>()
        while chosen.count < topicsEach { chosen.insert(Int.random(in: 0..<topics, using: &generator)) }
        return chosen.sorted()
    }
}

enum ReaderCommand: String {
    /// Forget what was counted.
    case begin
    /// Tell what was counted.
    case report
    /// Cut all connections and come back.
    case storm
}

struct ReaderReport: Codable {
    var live = 0
    /// Connections that the server ended.
    var lost = 0
    /// From the first connection's beginning until the last reader was live.
    var connectSeconds = 0.0
    var updates: UInt64 = 0
    var bytes: UInt64 = 0
    /// Calls to the kernel that brought something.
    var reads: UInt64 = 0
    /// Answered long polls.
    var answers: UInt64 = 0
    var age = Histogram()
    /// The same for the readers that are slow.
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
