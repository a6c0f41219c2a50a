/// A web server that speaks TLS and serves one file that a test changes: OpenSSL's own.
import Foundation
import TestSupport

final class FileServer {
    private let folder: URL
    private let pair: TestAuthority.Pair
    private var process: Process?
    private(set) var port = ""

    init(_ authority: TestAuthority = .shared, for names: [String] = ["DNS:localhost"]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidegate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        pair = try authority.issue(for: names)
    }

    deinit {
        stop()
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            // A folder left in the temporary directory harms nobody.
        }
    }

    var url: String { "https://localhost:\(port)/keys.json" }

    func write(_ text: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent("keys.json"), options: .atomic)
    }

    /// Listens on a free port; again, on the same one.
    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:\(port.isEmpty ? "0" : port)", "-WWW", "-cert",
            pair.certificate, "-key", pair.key, "-naccept", "1000",
        ]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
        var said = ""
        while port.isEmpty || !said.contains("ACCEPT") {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { throw Fault("no server: \(said)") }
            said += String(decoding: piece, as: UTF8.self)
            if let line = said.split(separator: "\n").first(where: { $0.hasPrefix("ACCEPT ") && port.isEmpty }
            ),
                said.contains("\(line)\n"), let number = line.split(separator: ":").last
            {
                port = String(number)
            }
        }
    }

    func stop() {
        guard let process else { return }
        // The signals of the tests' threads are blocked, and it inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }
}
