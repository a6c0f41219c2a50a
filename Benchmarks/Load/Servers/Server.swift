/// What is measured: the gateway, or another server that does a like thing. Each is one file beside this one.
import Foundation

/// One thing that a reader sends, and the text whose coming means that the next may be sent.
struct Step {
    let send: [UInt8]
    let expect: [UInt8]
}

/// What a reader asks for.
struct Wish {
    var topics: [Int]
    var transport: Workload.Transport
    var maxRate = 0.0
    var cursor: String?
}

protocol Server: Sendable {
    /// What the tables call it.
    var name: String { get }
    /// What it does not do that the gateway does, as far as it matters to the figures.
    var caveat: String { get }
    func speaks(_ transport: Workload.Transport) -> Bool
    /// Writes its configuration into `folder` and starts it.
    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer
    /// How a reader connects and subscribes.
    func script(_ wish: Wish) -> [Step]
    /// The port for publishers, where it is another than the readers'.
    func publishPort(_ port: UInt16) -> UInt16
    func encoder() -> any PublicationEncoder
}

/// What a publisher writes to a server.
protocol PublicationEncoder {
    /// What is sent once, and what comes back before anything else may be sent.
    var opening: Step? { get }
    /// Begins what is sent together.
    mutating func begin(_ output: inout [UInt8])
    mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8])
    mutating func end(_ output: inout [UInt8])
}

enum Servers {
    static let all: [any Server] = [GatewayServer(), NATSServer(), MosquittoServer(), NchanServer()]

    static func named(_ name: String) -> (any Server)? { all.first { $0.name == name } }
}

struct RunningServer {
    let process: Process
    let port: UInt16

    var processes: [Int32] { [process.processIdentifier] }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Starts a program, on the first core only where the workload is for one, and waits until somebody listens on `port`.
    static func launch(
        _ program: String, _ words: [String], port: UInt16, for workload: Workload
    ) throws -> RunningServer {
        let process = Process()
        let line = Cores.commandLine([program] + words, isAlone: workload.isForOneCore)
        process.executableURL = URL(fileURLWithPath: line[0])
        process.arguments = Array(line.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
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
