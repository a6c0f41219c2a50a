/// The real binary on a free port with its own configuration, and what the kernel knows about it.
import Foundation
import Testing

/// Any thread.
final class GatewayProcess: @unchecked Sendable {
    // Unchecked: after `init`, `process` is only read; the log has a lock of its own.
    private let process = Process()
    private let log = LineLog()
    let folder: URL
    let port: UInt16

    /// One gateway for all tests that change nothing but their own topics.
    static let shared = GatewayProcess.started(
        #"""
        "threads": 2,
        "publishers": { "valueBytes": 65536, "bodyBytes": 262144 },
        "topics": { "logs": [ { "pattern": "log/**", "keep": 5 } ] }
        """#)

    static func started(_ members: String) -> GatewayProcess {
        do {
            return try GatewayProcess(members)
        } catch {
            fatalError("a gateway does not start: \(error)")
        }
    }

    /// Starts `tidegate serve` with the members of a settings file; `descriptorLimit` is the child's `ulimit -n`.
    init(
        _ members: String = "", port: UInt16 = 0, startsFeeds: Bool = false, descriptorLimit: Int? = nil,
        environment: [String: String] = [:]
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString)")
        let page = folder.appendingPathComponent("public/sub")
        try FileManager.default.createDirectory(at: page, withIntermediateDirectories: true)
        try Data("<title>page</title>\n".utf8).write(to: folder.appendingPathComponent("public/index.html"))
        try Data("let page = 1\n".utf8).write(to: folder.appendingPathComponent("public/page.js"))
        try Data("below\n".utf8).write(to: page.appendingPathComponent("below.txt"))
        try Data("hidden\n".utf8).write(to: folder.appendingPathComponent("public/.hidden"))
        try Data("secret\n".utf8).write(to: folder.appendingPathComponent("secret.txt"))
        let file = folder.appendingPathComponent("config.json")
        try Data("{\(members)}".utf8).write(to: file)
        let words =
            ["serve", "--config", file.path, "--port", "\(port)", "--log-format", "json"]
            + (startsFeeds ? [] : ["--no-feeds"])
        if let descriptorLimit {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptorLimit); exec \"$@\"", "sh", Self.binary.path] + words
        } else {
            process.executableURL = Self.binary
            process.arguments = words
        }
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        process.environment = Self.environment.merging(environment) { $1 }
        try process.run()
        log.follow(errors.fileHandleForReading)
        let started = process
        endAtExit(started.processIdentifier, in: folder)
        guard let first = log.first(where: { $0.contains(#""event":"listening""#) }),
            let text = JSON(first)["address"].string?.split(separator: ":").last, let port = UInt16(text)
        else { throw Fault("the gateway did not say where it listens: \(log.text)") }
        self.port = port
    }

    /// Puts other members into its settings' file, at one moment.
    func write(_ members: String) throws {
        try Data("{\(members)}".utf8).write(
            to: folder.appendingPathComponent("config.json"), options: .atomic)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            // A folder left in the temporary directory harms nobody.
        }
    }

    /// The gateway refuses unknown settings, and a test's seed is one.
    static let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TIDEGATE_SEED") }

    /// Beside the test bundle, where the same build put it.
    static let binary: URL = {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = own.appendingPathComponent("tidegate")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("tidegate")
    }()

    var pid: Int32 { process.processIdentifier }

    var logText: String { log.text }

    /// The first log line that contains `text`; nil if none comes in time.
    func logLine(saying text: String) -> String? { log.first { $0.contains(text) } }

    /// Leaves the log unread from here on, but for a piece that is on its way. The kernel holds what the gateway writes until
    /// the pipe is full.
    func stopReadingLog() { log.isPaused = true }
    func readLogAgain() { log.isPaused = false }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits until the process has ended, and returns its exit status.
    func exitStatus() throws -> Int32 {
        try eventually("the gateway ends") { process.isRunning ? nil : process.terminationStatus }
    }

    // MARK: What the kernel says about it

    /// Bytes of resident memory.
    var residentByteCount: Int { (statusFigure("VmRSS:") ?? 0) * 1024 }

    var descriptorCount: Int {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        } catch {
            return 0
        }
    }

    /// Processor time used, in hundredths of a second.
    var processorTicks: Int {
        let fields = procText("stat").split(separator: " ")
        guard fields.count > 15 else { return 0 }
        return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
    }

    private func statusFigure(_ name: String) -> Int? {
        procText("status").split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { Int($0.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) }
    }

    private func procText(_ name: String) -> String {
        do {
            return try String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)
        } catch {
            return ""
        }
    }
}

/// A fault of the test itself, in words.
struct Fault: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// How long a test waits for anything. Generous, because no test asserts a time.
let patience: TimeInterval = 30

/// Asks repeatedly until there is an answer: for sources without events, such as a process or /proc.
func eventually<Answer>(_ what: String, _ ask: () throws -> Answer?) throws -> Answer {
    let deadline = Date(timeIntervalSinceNow: patience)
    while Date() < deadline {
        if let answer = try ask() { return answer }
        usleep(5_000)
    }
    throw Fault("not in time: \(what)")
}

/// Lines that a thread of its own reads from a pipe.
private final class LineLog: @unchecked Sendable {
    // Unchecked: the condition guards the lines.
    private let condition = NSCondition()
    private var lines: [String] = []
    private var isOver = false
    private var isHeld = false

    var isPaused: Bool {
        get { condition.withLock { isHeld } }
        set {
            condition.withLock {
                isHeld = newValue
                condition.broadcast()
            }
        }
    }

    func follow(_ handle: FileHandle) {
        Thread.detachNewThread { [self] in
            var rest = Data()
            while true {
                condition.withLock { while isHeld { condition.wait() } }
                let piece = handle.availableData
                if piece.isEmpty { break }
                rest.append(piece)
                while let end = rest.firstIndex(of: 10) {
                    append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            condition.withLock {
                isOver = true
                condition.broadcast()
            }
        }
    }

    private func append(_ line: String) {
        condition.withLock {
            lines.append(line)
            condition.broadcast()
        }
    }

    var text: String { condition.withLock { lines.joined(separator: "\n") } }

    func first(where matches: (String) -> Bool) -> String? {
        condition.withLock {
            let deadline = Date(timeIntervalSinceNow: patience)
            while true {
                if let line = lines.first(where: matches) { return line }
                if isOver || !condition.wait(until: deadline) { return lines.first(where: matches) }
            }
        }
    }
}

/// Gateways that were started, and their folders. The ordinary exit of the tests ends those that still run; a crash does not.
private nonisolated(unsafe) var children: [(pid: Int32, folder: URL)] = []
private let childrenLock = NSLock()

private func endAtExit(_ pid: Int32, in folder: URL) {
    childrenLock.withLock {
        if children.isEmpty {
            atexit {
                for child in children {
                    kill(child.pid, SIGKILL)
                    try? FileManager.default.removeItem(at: child.folder)
                }
            }
        }
        children.append((pid, folder))
    }
}
