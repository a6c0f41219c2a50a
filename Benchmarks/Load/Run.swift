/// One run: a server, its readers, a publisher, and the measurements.
import Foundation
import Primitives

struct RunResult: Codable {
    var workload: String
    var transport: Workload.Transport
    var server: String
    var readers = ReaderReport()
    var seconds = 0.0
    var published = 0
    /// The updates that readers would have got if every one had reached them.
    var wanted = 0.0
    var processorTime: UInt64 = 0
    /// Bytes a connection: the server's own memory, and the kernel's at both ends.
    var privateBytesEach = 0.0
    var kernelBytesEach = 0.0
    /// How much the server's memory grew while the workload ran.
    var grownBytes = 0
    /// Bytes that waited for a slow reader in the kernel, the median: at the server's end and at the reader's.
    var waitingToSend = 0
    var waitingToRead = 0
    /// A median over several runs also has the spread: the least and the most processor time an update.
    var runs = 1

    var deliveredPerSecond: Double { Double(readers.updates) / seconds }
    /// Microseconds of the server's processors an update.
    var costOfUpdate: Double? {
        readers.updates > 0 ? Double(processorTime) / 1000 / Double(readers.updates) : nil
    }
    var costOfPublish: Double? { published > 0 ? Double(processorTime) / 1000 / Double(published) : nil }
    var costOfAnswer: Double? {
        readers.answers > 0 ? Double(processorTime) / 1000 / Double(readers.answers) : nil
    }
}

struct Run {
    let workload: Workload
    let transport: Workload.Transport
    let server: any Server
    let port: UInt16
    let progress: Progress

    /// A process may have 20,000 descriptors here.
    private static let readersAProcess = 19_000

    func measure() throws -> RunResult {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tidegate-bench-\(getpid())-\(port)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Cores.keepOffFirst(workload.isForOneCore)
        var servers: [RunningServer] = []
        defer { for server in servers { server.stop() } }
        let processCount = (workload.readers + Self.readersAProcess - 1) / Self.readersAProcess
        for number in 0..<processCount {
            progress.say("starting \(server.name)")
            servers.append(
                try server.start(in: folder, port: port + UInt16(number * 2), for: workload))
        }
        return try measure(servers)
    }

    private func measure(_ servers: [RunningServer]) throws -> RunResult {
        var result = RunResult(workload: workload.name, transport: transport, server: server.name)
        let processes = servers.flatMap(\.processes)
        let before = (ProcessFigures.of(processes), ProcessFigures.kernelBytes + ProcessFigures.socketBytes)
        progress.say("\(workload.readers) readers connect to \(server.name)")
        let crowd = try Crowd(order(servers.map(\.port)), count: workload.readers)
        defer { crowd.leave() }
        let connected = try crowd.awaitReport()
        if workload.kind == .idle { sleep(2) }
        let after = ProcessFigures.of(processes)
        let each = Double(workload.readers)
        result.privateBytesEach = Double(after.privateBytes - before.0.privateBytes) / each
        result.kernelBytesEach =
            Double(ProcessFigures.kernelBytes + ProcessFigures.socketBytes - before.1) / each
        let publisher = Publisher()
        switch workload.kind {
        case .stream: try stream(publisher, crowd, servers, &result)
        case .idle: try hold(publisher, crowd, servers, &result)
        case .storm: try storm(publisher, crowd, servers, &result)
        }
        if workload.kind != .storm { result.readers.connectSeconds = connected.connectSeconds }
        result.grownBytes = ProcessFigures.of(processes).privateBytes - after.privateBytes
        if let problem = publisher.problem { throw BenchFailure("publishing to \(server.name): \(problem)") }
        return result
    }

    private func order(_ ports: [UInt16]) -> ReaderOrder {
        ReaderOrder(
            server: server.name, ports: ports, transport: transport,
            topics: workload.topics, topicsEach: workload.topicsEach, maxRate: workload.maxRate,
            slowCount: Int(Double(workload.readers) * workload.slowShare), slowBytes: workload.slowBytes,
            remembersCursors: workload.kind == .storm)
    }

    private func stream(
        _ publisher: Publisher, _ crowd: Crowd, _ servers: [RunningServer], _ result: inout RunResult
    ) throws {
        try publisher.start(workload, to: server, ports: servers.map(\.port))
        progress.say("\(server.name), \(transport): warming up")
        // The readers that will be slow have read well for a while.
        sleep(workload.slowShare > 0 ? 6 : 1)
        let processes = servers.flatMap(\.processes)
        try crowd.command(.begin)
        let start = (Instant.now(), publisher.count, ProcessFigures.of(processes).processorTime)
        let end = Instant.now() + .seconds(workload.seconds)
        while Instant.now() < end {
            progress.say("\(server.name), \(transport): \(Int(end.since(Instant.now()).seconds)) s left")
            usleep(min(250_000, UInt32(end.since(Instant.now()).seconds * 1e6)))
        }
        result.processorTime = ProcessFigures.of(processes).processorTime - start.2
        result.published = publisher.count - start.1
        result.seconds = Instant.now().since(start.0).seconds
        try crowd.command(.report)
        result.readers = try crowd.awaitReport()
        result.wanted =
            Double(result.published) * Double(workload.readers) * Double(workload.topicsEach)
            / Double(workload.topics)
        if workload.slowShare > 0, let server = servers.first {
            let slowCount = Int(Double(workload.readers) * workload.slowShare)
            let waiting = ProcessFigures.waitingBytes(port: server.port).suffix(slowCount)
            let median = waiting[safely: waiting.startIndex + waiting.count / 2]
            result.waitingToSend = median?.sending ?? 0
            result.waitingToRead = median?.received ?? 0
        }
        publisher.stop()
    }

    /// Holds the connections, then sends one update to all of them.
    private func hold(
        _ publisher: Publisher, _ crowd: Crowd, _ servers: [RunningServer], _ result: inout RunResult
    ) throws {
        let processes = servers.flatMap(\.processes)
        let start = (Instant.now(), ProcessFigures.of(processes).processorTime)
        let end = Instant.now() + .seconds(workload.seconds)
        while Instant.now() < end {
            progress.say(
                "\(server.name), \(transport): held, \(Int(end.since(Instant.now()).seconds)) s left")
            usleep(250_000)
        }
        result.processorTime = ProcessFigures.of(processes).processorTime - start.1
        result.seconds = Instant.now().since(start.0).seconds
        try crowd.command(.begin)
        if workload.topicsEach > 0 {
            try publisher.start(workload, to: server, ports: servers.map(\.port), limit: 1)
        }
        let patience = Instant.now() + .seconds(60)
        repeat {
            usleep(200_000)
            try crowd.command(.report)
            result.readers = try crowd.awaitReport()
        } while workload.topicsEach > 0 && result.readers.updates < workload.readers
            && Instant.now() < patience
        result.published = publisher.count
        result.wanted = workload.topicsEach > 0 ? Double(workload.readers) : 0
        publisher.stop()
    }

    /// Cuts all readers while updates go on, and waits until all are live again.
    private func storm(
        _ publisher: Publisher, _ crowd: Crowd, _ servers: [RunningServer], _ result: inout RunResult
    ) throws {
        try publisher.start(workload, to: server, ports: servers.map(\.port))
        sleep(2)
        let processes = servers.flatMap(\.processes)
        let start = (Instant.now(), publisher.count, ProcessFigures.of(processes).processorTime)
        progress.say("\(server.name), \(transport): all readers are cut and come back")
        try crowd.command(.storm)
        result.readers = try crowd.awaitReport()
        result.processorTime = ProcessFigures.of(processes).processorTime - start.2
        result.published = publisher.count - start.1
        result.seconds = Instant.now().since(start.0).seconds
        publisher.stop()
    }
}

/// All processes of readers together.
final class Crowd {
    private var members: [(process: Process, input: FileHandle, output: FileHandle, rest: Data)] = []

    /// Sends each process its part of `order` for `count` readers.
    init(_ order: ReaderOrder, count: Int) throws {
        let limit = 15_000
        for first in stride(from: 0, to: count, by: limit) {
            var part = order
            part.first = first
            part.count = min(limit, count - first)
            part.slowCount = min(max(order.slowCount - first, 0), part.count)
            try add(part)
        }
    }

    private func add(_ order: ReaderOrder) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["readers"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order) + [10])
        members.append((process, input.fileHandleForWriting, output.fileHandleForReading, Data()))
    }

    func command(_ command: ReaderCommand) throws {
        for member in members { try member.input.write(contentsOf: Data("\(command.rawValue)\n".utf8)) }
    }

    /// The sum of the next report of every process.
    func awaitReport() throws -> ReaderReport {
        var sum = ReaderReport()
        for index in members.indices {
            while members[index].rest.firstIndex(of: 10) == nil {
                let piece = members[index].output.availableData
                guard !piece.isEmpty else { throw BenchFailure("a process of readers ended; see above") }
                members[index].rest += piece
            }
            let rest = members[index].rest
            let end = rest.firstIndex(of: 10) ?? rest.endIndex
            sum.add(try JSONDecoder().decode(ReaderReport.self, from: rest[..<end]))
            members[index].rest = Data(rest[(end + 1)...])
        }
        return sum
    }

    func leave() {
        for member in members { try? member.input.close() }
        for member in members { member.process.waitUntilExit() }
    }
}

extension Collection {
    subscript(safely index: Index) -> Element? { indices.contains(index) ? self[index] : nil }
}
