/// A redis-server of a test's own, on a free port of 127.0.0.1; it goes away with its last reference.
import Foundation
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Cluster

/// Any thread.
final class RedisServer: @unchecked Sendable {
    // Unchecked: the process is started in `init` and ended in `deinit` or `kill`, which tests call from one thread.
    enum Mode {
        case server
        case sentinel
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let file = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
        .map { "\($0)/redis-server" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    static let isInstalled = file != nil
    /// What a skipped suite says.
    static let absence: Comment = "redis-server is not installed; Debian: apt-get install redis-server"

    let port: UInt16
    let folder: URL
    private var process = Process()
    private let arguments: [String]

    var address: RedisAddress { RedisAddress(host: "127.0.0.1", port: port) }

    /// Starts one with more lines of configuration, and waits until it says that it is ready.
    init(
        _ lines: [String] = [], as mode: Mode = .server, port: UInt16? = nil, files: [String: String] = [:]
    ) throws {
        self.port = try port ?? Self.freePort()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, content) in files {
            try content.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let settings = folder.appendingPathComponent("settings.conf")
        let portLine = lines.contains { $0.hasPrefix("tls-port") } ? "port 0" : "port \(self.port)"
        let own = [portLine, "bind 127.0.0.1", "dir \(folder.path)", "daemonize no"]
        let quiet = mode == .server ? ["save \"\"", "appendonly no"] : []
        try (own + quiet + lines).joined(separator: "\n").write(
            to: settings, atomically: true, encoding: .utf8)
        arguments = [settings.path] + (mode == .sentinel ? ["--sentinel"] : [])
        try start(awaiting: mode == .server ? "Ready to accept connections" : "Sentinel ID is")
    }

    deinit {
        kill()
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            // A folder left in the temporary directory harms nobody.
        }
    }

    private func start(awaiting word: String) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.file ?? "redis-server")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var said = Data()
        while true {
            let more = output.fileHandleForReading.availableData
            said += more
            let text = String(decoding: said, as: UTF8.self)
            if text.contains(word) { break }
            if more.isEmpty { throw Failure(description: "redis-server did not start: \(text)") }
        }
        // What it says from now on must be read, or it would wait.
        output.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    /// As `kill -9`.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Kills it, and starts another one in its place, with what it has on its disk.
    func restart() throws {
        kill()
        process = Process()
        try start(awaiting: "Ready to accept connections")
    }

    static func freePort() throws -> UInt16 {
        let any = try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0]
        return try Listener.claim(any).port
    }
}
