/// The reader by which a line is judged, in a process of its own, and the publisher of its one topic.
import Foundation
import Primitives

/// The topic is a log, so that an update that waits is not replaced by the next one: whatever holds the gateway up shows in
/// the age of every update that came meanwhile.
final class Judge {
    private static let rate = 100.0

    private let crowd: Crowd
    private let publisher = Publisher()
    private var countAtBegin = 0

    /// Of the gateway's settings: one topic, kept.
    static var workload: Workload {
        var workload = Workload(named: "isolate")
        workload.rate = rate
        workload.keepsAll = true
        return workload
    }

    init(port: UInt16) throws {
        let order = ReaderOrder(
            server: GatewayServer().name, ports: [port], transport: .ws, topics: 1, topicsEach: 1)
        crowd = try Crowd(order, count: 1)
        _ = try crowd.awaitReport()
        try publisher.start(Self.workload, to: GatewayServer(), ports: [port])
    }

    /// Forgets all ages so far.
    func begin() throws {
        countAtBegin = publisher.count
        try crowd.command(.begin)
    }

    func report() throws -> ReaderReport {
        try crowd.command(.report)
        return try crowd.awaitReport()
    }

    /// Stops publishing, and waits for what is still on its way. `missing` never came.
    func end(patience: Duration) throws -> (report: ReaderReport, missing: Int) {
        publisher.stop()
        let end = Instant.now() + patience
        var report = try report()
        // When the ages were forgotten, one or two updates were on their way.
        while report.lost == 0, publisher.count - countAtBegin - Int(report.updates) > 2, Instant.now() < end
        {
            usleep(200_000)
            report = try self.report()
        }
        let missing = publisher.count - countAtBegin - Int(report.updates)
        return (report, missing > 2 ? missing : 0)
    }

    func leave() {
        publisher.stop()
        crowd.leave()
    }
}
