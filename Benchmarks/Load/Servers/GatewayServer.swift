/// Tidegate itself, the release build.
import Foundation

struct GatewayServer: Server {
    /// Its readers come by TLS, its publisher in the clear.
    var isSecure = false
    /// What is accepted is kept in a journal, which is synced like this; nil: in memory alone.
    var sync: String?

    /// It is the one node of a cluster, with a Redis of its own.
    var isInCluster = false

    var name: String {
        isInCluster
            ? "tidegate-redis" : isSecure ? "tidegate-tls" : sync.map { "tidegate-\($0)" } ?? "tidegate"
    }
    let caveat = "sends the latest value of a topic, not every value, unless the topic is a log"

    /// How the publisher sends: as lines of one endless request, or as messages on a WebSocket.
    enum Publishing: String, CaseIterable {
        case ndjson
        case ws
    }

    var publishing = Publishing.ndjson
    /// So much log from one snapshot to the next.
    var snapshotByteCount = 64 << 20
    static let dataFolder = "data"
    /// Topics that the gateway holds at most.
    var topicLimit = 1_000_000

    func speaks(_: Workload.Transport) -> Bool { true }

    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer {
        let program = ".build/release/tidegate"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchFailure("\(program) is missing: make release")
        }
        var secure = ""
        if isSecure {
            let maker = try Process.run(
                URL(fileURLWithPath: "Tests/certificates"), arguments: [folder.path], terminationHandler: nil)
            maker.waitUntilExit()
            secure = #"{ "port": \#(port), "tls": { "certificate": "server.pem", "key": "server.key" } }, "#
        }
        let logs = workload.keepsAll ? "{\"pattern\": \"bench/**\", \"keep\": 20000}" : ""
        let settings = """
            {
              "threads": \(workload.threads), "endpoints": [\(secure){ "port": \(publishPort(port)) }], "publicFolder": "",
              "topics": { "limit": \(topicLimit), "logs": [\(logs)] },
              "subscribers": { "messageRate": \(publishing == .ws ? 0 : 1000) },
              \(isInCluster ? Self.cluster(at: Self.redisPort(port)) : "")"storage": { "folder": "\(sync == nil ? "" : Self.dataFolder)", "sync": "\(sync ?? "never")", "snapshotBytes": \(snapshotByteCount) },
              "log": { "level": "error" }
            }
            """
        let file = folder.appendingPathComponent("tidegate.json")
        try Data(settings.utf8).write(to: file)
        let redis = isInCluster ? try Self.launchRedis(in: folder, Self.redisPort(port), for: workload) : nil
        var server = try RunningServer.launch(
            program, ["serve", "--config", file.path], port: port, for: workload)
        server.other = redis
        if redis != nil { try Self.awaitReadiness(at: port) }
        return server
    }

    // MARK: In a cluster

    private static func redisPort(_ port: UInt16) -> UInt16 { port + 2 }

    private static func cluster(at port: UInt16) -> String {
        #""cluster": { "kind": "redis", "url": "redis://127.0.0.1:\#(port)" }, "#
    }

    /// Without a disk: what is measured is the way there and back.
    private static func launchRedis(in folder: URL, _ port: UInt16, for workload: Workload) throws -> Process
    {
        let program = try RunningServer.find("redis-server", package: "redis-server")
        let words = ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path]
        return try RunningServer.launch(program, words, port: port, for: workload).process
    }

    private static func awaitReadiness(at port: UInt16) throws {
        for _ in 0..<1000 {
            let socket = try BenchSocket(to: port)
            defer { socket.close() }
            try socket.sendAll(HTTPText.get("/readyz"))
            usleep(10_000)
            if let answer = socket.receiveNow(), answer.starts(with: Array("HTTP/1.1 200".utf8)) { return }
        }
        throw BenchFailure("the node of a cluster does not become ready")
    }

    func script(_ wish: Wish) -> [Step] {
        let names = wish.topics.map(Workload.topicName).joined(separator: ",")
        var query = names.isEmpty ? "" : "?topics=\(names)"
        if let cursor = wish.cursor { query += "&cursor=\(cursor)" }
        if wish.maxRate > 0 { query += "&maxRate=\(wish.maxRate)" }
        switch wish.transport {
        case .ws:
            return [
                Step(
                    send: HTTPText.upgrade("/ws\(query)"),
                    expect: Array((names.isEmpty ? "welcome" : "\"live\"").utf8))
            ]
        case .sse: return [Step(send: HTTPText.get("/sse\(query)"), expect: Array("event: live".utf8))]
        case .poll: return [Step(send: HTTPText.get("/poll\(query)"), expect: Array("\r\n\r\n".utf8))]
        }
    }

    func publishPort(_ port: UInt16) -> UInt16 { isSecure ? port + 1 : port }

    func encoder() -> any PublicationEncoder {
        switch publishing {
        case .ndjson: LinesEncoder()
        case .ws: MessagesEncoder()
        }
    }

    /// One endless request whose body is a chunk for each tick (docs/protocol.md, section 7).
    private struct LinesEncoder: PublicationEncoder {
        private var lines: [UInt8] = []

        var opening: Step? {
            Step(
                send: Array(
                    """
                    POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n\
                    Transfer-Encoding: chunked\r\n\r\n
                    """.utf8), expect: [])
        }

        mutating func begin(_: inout [UInt8]) { lines.removeAll(keepingCapacity: true) }

        mutating func append(topic: [UInt8], data: [UInt8], to _: inout [UInt8]) {
            lines += Array("{\"topic\":\"".utf8)
            lines += topic
            lines += Array("\",\"data\":".utf8)
            lines += data
            lines += Array("}\n".utf8)
        }

        mutating func end(_ output: inout [UInt8]) {
            output += Array(String(lines.count, radix: 16).utf8)
            output += Array("\r\n".utf8)
            output += lines
            output += Array("\r\n".utf8)
        }
    }
}

/// `publish` messages on a WebSocket (docs/protocol.md, section 4), each as large as the gateway takes one.
private struct MessagesEncoder: PublicationEncoder {
    /// Below `subscribers.messageBytes`, with room for one more update.
    private static let messageByteCount = 48 * 1024
    private static let head = Array("{\"type\":\"publish\",\"updates\":[".utf8)

    private var message: [UInt8] = []

    var opening: Step? { Step(send: HTTPText.upgrade("/ws"), expect: Array("welcome".utf8)) }

    mutating func begin(_: inout [UInt8]) { message.removeAll(keepingCapacity: true) }

    mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8]) {
        if message.count > Self.messageByteCount { end(&output) }
        message += message.isEmpty ? Self.head : [UInt8(ascii: ",")]
        message += Array("{\"topic\":\"".utf8)
        message += topic
        message += Array("\",\"data\":".utf8)
        message += data
        message.append(UInt8(ascii: "}"))
    }

    mutating func end(_ output: inout [UInt8]) {
        guard !message.isEmpty else { return }
        output += HTTPText.frame(1, message + Array("]}".utf8))
        message.removeAll(keepingCapacity: true)
    }
}

enum HTTPText {
    static func get(_ target: String, _ fields: String = "") -> [UInt8] {
        Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n".utf8)
    }

    static func post(_ target: String, type: String, _ body: [UInt8]) -> [UInt8] {
        Array(
            """
            POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\
            Content-Length: \(body.count)\r\n\r\n
            """.utf8) + body
    }

    static func upgrade(_ target: String, protocol name: String? = nil) -> [UInt8] {
        get(
            target,
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + (name.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""))
    }

    /// A client's frame, masked with zeros: that is allowed and costs nothing.
    static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else if payload.count < 65_536 {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        } else {
            frame.append(0x80 | 127)
            frame += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return frame + [0, 0, 0, 0] + payload
    }
}
