/// A gateway with a journal for a long time, with snapshots all the while: does it stay as quick, and its files as small?
import Foundation
import Primitives

struct Soak {
    let minutes: Int

    /// 10,000 topics of which each is published once a second. Their state is some 1 MB, so a snapshot follows another one after some
    /// seconds.
    private static let workload: Workload = {
        var workload = Workload(named: "soak")
        (workload.readers, workload.topics, workload.topicsEach, workload.rate) = (100, 10_000, 100, 10_000)
        return workload
    }()
    private static let server = GatewayServer(sync: "interval", snapshotByteCount: 4 << 20)
    private static let port: UInt16 = 18_480

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-soak-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let running = try Self.server.start(in: folder, port: Self.port, for: Self.workload)
        defer { running.stop() }
        let crowd = try Crowd(
            ReaderOrder(
                server: Self.server.name, ports: [Self.port], transport: .ws,
                topics: Self.workload.topics, topicsEach: Self.workload.topicsEach),
            count: Self.workload.readers)
        defer { crowd.leave() }
        _ = try crowd.awaitReport()
        let publisher = Publisher()
        try publisher.start(Self.workload, to: Self.server, ports: [Self.port])
        defer { publisher.stop() }
        sleep(2)
        print("minute  delivered/s  p50 ms   p99 ms  p99.9 ms  most disk MB  snapshots  memory MB")
        for minute in 1...max(minutes, 1) { try measure(minute, crowd, running, folder) }
        if let problem = publisher.problem { throw BenchFailure("publishing: \(problem)") }
    }

    private func measure(_ minute: Int, _ crowd: Crowd, _ running: RunningServer, _ folder: URL) throws {
        try crowd.command(.begin)
        var diskByteCount = 0
        var snapshots = Set<String>()
        let end = Instant.now() + .seconds(60)
        while Instant.now() < end {
            let files = Self.files(in: folder.appendingPathComponent(GatewayServer.dataFolder))
            diskByteCount = max(diskByteCount, files.reduce(0) { $0 + $1.byteCount })
            snapshots.formUnion(files.map(\.name).filter { $0.hasPrefix("state-") })
            usleep(200_000)
        }
        try crowd.command(.report)
        let report = try crowd.awaitReport()
        func milliseconds(_ share: Double) -> String {
            String(format: "%8.2f", (report.age.percentile(share) ?? 0) / 1000)
        }
        print(
            String(format: "%6d  %11d", minute, report.updates / 60), milliseconds(0.5), milliseconds(0.99),
            milliseconds(0.999), String(format: "%13.1f", Double(diskByteCount) / 1e6),
            String(format: "%10d", snapshots.count),
            String(format: "%10.1f", Double(ProcessFigures.of(running.processes).privateBytes) / 1e6))
        fflush(nil)
    }

    /// What the files take on the disk, holes left out.
    private static func files(in folder: URL) -> [(name: String, byteCount: Int)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.map { name in
            var facts = stat()
            let isThere = stat(folder.appendingPathComponent(name).path, &facts) == 0
            return (name, isThere ? Int(facts.st_blocks) * 512 : 0)
        }
    }
}
