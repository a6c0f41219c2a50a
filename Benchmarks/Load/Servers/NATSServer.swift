/// Debian's nats-server, its clients over WebSocket.
import Foundation

struct NATSServer: Server {
    let name = "nats"
    let caveat = "sends every value; a reader that falls behind is cut; no snapshot, no resume"

    func speaks(_ transport: Workload.Transport) -> Bool { transport == .ws }

    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer {
        let settings = """
            listen: "127.0.0.1:\(publishPort(port))"
            websocket { listen: "127.0.0.1:\(port)", no_tls: true }
            """
        let file = folder.appendingPathComponent("nats.conf")
        try Data(settings.utf8).write(to: file)
        // As many cores as the gateway may use.
        setenv("GOMAXPROCS", "\(workload.threads)", 1)
        defer { unsetenv("GOMAXPROCS") }
        let program = try RunningServer.find("nats-server", package: "nats-server")
        return try .launch(program, ["-c", file.path], port: port, for: workload)
    }

    func script(_ wish: Wish) -> [Step] {
        var text = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"
        for (number, topic) in wish.topics.enumerated() {
            text += "SUB \(subject(topic)) \(number + 1)\r\n"
        }
        text += "PING\r\n"
        return [
            Step(send: HTTPText.upgrade("/"), expect: Array("\r\n\r\n".utf8)),
            Step(send: HTTPText.frame(2, Array(text.utf8)), expect: Array("PONG".utf8)),
        ]
    }

    private func subject(_ topic: Int) -> String {
        Workload.topicName(topic).replacingOccurrences(of: "/", with: ".")
    }

    func publishPort(_ port: UInt16) -> UInt16 { port + 1 }

    func encoder() -> any PublicationEncoder { Encoder() }

    private struct Encoder: PublicationEncoder {
        var opening: Step? {
            Step(send: Array("CONNECT {\"verbose\":false}\r\nPING\r\n".utf8), expect: Array("PONG".utf8))
        }

        mutating func begin(_: inout [UInt8]) {}

        mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8]) {
            output += Array("PUB ".utf8)
            output += topic.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: ".") : $0 }
            output += Array(" \(data.count)\r\n".utf8)
            output += data
            output += [13, 10]
        }

        mutating func end(_: inout [UInt8]) {}
    }
}
