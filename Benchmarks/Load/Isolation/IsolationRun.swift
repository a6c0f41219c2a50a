/// One line at one number of topics: a gateway of one loop, the judge, and the strangers.
import Foundation
import Primitives

struct IsolationResult: Codable {
    let line: String
    let topics: Int
    var seconds = 0.0
    /// The ages of the judge's updates before the strangers began, and from then on.
    var alone = Histogram()
    var age = Histogram()
    /// The judge's updates that never came.
    var missing = 0
    var turns = TurnWatch.Outcome()
    /// How much the gateway's own memory grew.
    var grownBytes = 0
    /// The share of the time in which a thread of the gateway could have run, but something else had the core.
    var waited = 0.0
    var deeds: [Strangers.Deed] = []
    /// Why there are no figures, or not all.
    var problem: String?

    init(line: String, topics: Int) {
        self.line = line
        self.topics = topics
    }
}

struct IsolationRun {
    let line: any IsolationLine
    let topics: Int
    let seconds: Double
    /// How many seconds each step besides may take.
    let patience: Double
    let port: UInt16
    let progress: Progress

    /// Topics beyond those of the field, for lines that publish.
    private static let spareTopics = 500_000
    private static let secondsAlone = 2.0
    /// The second in which the gateway has to cope with the connections that break at the end.
    private static let afterwards: UInt32 = 1_000_000

    func measure() throws -> IsolationResult {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tidegate-bench-\(getpid())-\(port)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = GatewayServer(topicLimit: topics + Self.spareTopics)
        try Cores.keepOffFirst(true)
        let running = try server.start(in: folder, port: port, for: Judge.workload)
        defer { running.kill() }
        var result = IsolationResult(line: line.name, topics: topics)
        do {
            try measure(running, &result)
        } catch {
            result.problem = running.process.isRunning ? "\(error)" : "the gateway ended: \(error)"
        }
        return result
    }

    private func measure(_ running: RunningServer, _ result: inout IsolationResult) throws {
        var line = line
        let strangers = try Strangers(port: port, topicCount: topics)
        try prepare(&line, strangers)
        let judge = try Judge(port: port)
        defer { judge.leave() }
        progress.say("the judge reads alone")
        usleep(500_000)
        try judge.begin()
        usleep(UInt32(Self.secondsAlone * 1e6))
        result.alone = try judge.report().age

        progress.say("the strangers act")
        let watch = try TurnWatch(port: port)
        let before = ProcessFigures.of(running.processes)
        let start = Instant.now()
        strangers.end = start + .seconds(seconds)
        try judge.begin()
        try line.act(strangers)
        try strangers.pump { false }
        if strangers.sum.refusals > 0 { strangers.count("refusals", strangers.sum.refusals) }
        let after = ProcessFigures.of(running.processes)
        strangers.leaveAll()
        usleep(Self.afterwards)

        progress.say("the judge reads what is still to come")
        result.seconds = Instant.now().since(start).seconds
        result.deeds = strangers.deeds
        result.grownBytes = after.privateBytes - before.privateBytes
        result.waited = Double(after.waitingTime - before.waitingTime) / 1e9 / result.seconds
        let (report, missing) = try judge.end(patience: .seconds(patience))
        result.age = report.age
        result.missing = missing
        // Those that never came are at least that old.
        if missing > 0 { result.age.record(UInt64(patience * 1e6), count: UInt64(missing)) }
        result.turns = try watch.end(patience: patience)
        if report.lost > 0 { throw BenchFailure("the gateway closed the judge's connection") }
    }

    private func prepare(_ line: inout any IsolationLine, _ strangers: Strangers) throws {
        func step(_ name: String, _ body: () throws -> Void) throws {
            progress.say(name)
            strangers.end = Instant.now() + .seconds(patience)
            try body()
            guard strangers.goesOn else { throw BenchFailure("not ready after \(Int(patience)) s: \(name)") }
        }
        try step("the strangers arrive") { try line.arrive(strangers) }
        try step("\(topics) topics are published") { try TopicField.fill(topics, port: port) }
        try step("the strangers get ready") { try line.prepare(strangers) }
    }
}
