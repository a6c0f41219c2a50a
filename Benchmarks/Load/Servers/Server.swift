/// A server to measure: the gateway, or another server with a like purpose. Each is one file beside this one.
import Foundation

/// One message of a reader, and the text after which the reader may send the next one.
struct Step {
    let send: [UInt8]
    let expect: [UInt8]
}

/// A reader's subscription.
struct Wish {
    var topics: [Int]
    var transport: Workload.Transport
    var maxRate = 0.0
    var cursor: String?
}

protocol Server: Sendable {
    /// The name in the tables.
    var name: String { get }
    /// What this server does not do, unlike the gateway, if that matters to the figures.
    var caveat: String { get }
    func speaks(_ transport: Workload.Transport) -> Bool
    /// Whether its readers come by TLS.
    var isSecure: Bool { get }
    /// Writes its configuration into `folder` and starts it.
    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer
    /// How a reader connects and subscribes.
    func script(_ wish: Wish) -> [Step]
    /// The publishers' port, if it is not the readers'.
    func publishPort(_ port: UInt16) -> UInt16
    func encoder() -> any PublicationEncoder
}

/// Encodes what a publisher writes to a server.
protocol PublicationEncoder {
    /// The first message, and the text that must come back before any other.
    var opening: Step? { get }
    /// Begins a batch.
    mutating func begin(_ output: inout [UInt8])
    mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8])
    mutating func end(_ output: inout [UInt8])
}

enum Servers {
    static let all: [any Server] = [GatewayServer(), NATSServer(), MosquittoServer(), NchanServer()]

    /// The gateway in other ways.
    static let variants: [any Server] =
        [GatewayServer(isSecure: true)]
        + ["interval", "always", "never"].map { GatewayServer(sync: $0) }
        + [GatewayServer(isInCluster: true)]

    static func named(_ name: String) -> (any Server)? {
        (all + variants).first { $0.name == name }
    }
}

extension Server {
    var isSecure: Bool { false }
}

struct RunningServer {
    let process: Process
    let port: UInt16
    /// Another server that it needs. What that one costs does not count.
    var other: Process?

    var processes: [Int32] { [process.processIdentifier] }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        other?.terminate()
        other?.waitUntilExit()
    }

    /// Ends it at once, whatever it is doing.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Starts a program, on the first core only if the workload is for one, and waits until something listens on
    /// `port`.
    static func launch(
        _ program: String, _ words: [String], port: UInt16, for workload: Workload
    ) throws -> RunningServer {
        let process = Process()
        let line = Cores.commandLine([program] + words, isAlone: workload.isForOneCore)
        process.executableURL = URL(fileURLWithPath: line[0])
        process.arguments = Array(line.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.standardError
        try process.run()
        let patience = Date() + 10
        while Date() < patience {
            if !process.isRunning { break }
            if let socket = try? BenchSocket(to: port) {
                socket.close()
                return RunningServer(process: process, port: port)
            }
            usleep(10_000)
        }
        process.terminate()
        throw BenchFailure("\(program) \(words.joined(separator: " ")) does not listen on port \(port)")
    }

    /// The path of an installed program.
    static func find(_ program: String, package: String) throws -> String {
        for folder in ["/usr/sbin", "/usr/bin", "/usr/local/bin"] {
            let path = "\(folder)/\(program)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw BenchFailure("\(program) is not installed: apt-get install \(package)")
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
