/// Debian's Mosquitto, an MQTT broker, its clients over WebSocket.
import Foundation

struct MosquittoServer: Server {
    let name = "mosquitto"
    let caveat =
        "sends every value until 1,000 wait, then drops the newest; no resume at quality of service 0"

    func speaks(_ transport: Workload.Transport) -> Bool { transport == .ws }

    func start(in folder: URL, port: UInt16, for workload: Workload) throws -> RunningServer {
        let settings = """
            listener \(port) 127.0.0.1
            protocol websockets
            listener \(publishPort(port)) 127.0.0.1
            allow_anonymous true
            persistence false
            log_type none
            max_queued_messages 1000
            """
        let file = folder.appendingPathComponent("mosquitto.conf")
        try Data(settings.utf8).write(to: file)
        let program = try RunningServer.find("mosquitto", package: "mosquitto")
        return try .launch(program, ["-c", file.path], port: port, for: workload)
    }

    func script(_ wish: Wish) -> [Step] {
        var filters: [UInt8] = []
        for topic in wish.topics { filters += MQTT.text(Array(Workload.topicName(topic).utf8)) + [0] }
        var packets = MQTT.connect
        if !wish.topics.isEmpty { packets += MQTT.packet(0x82, [0, 1] + filters) }
        // The answer to CONNECT is 20 02 00 00; the answer to SUBSCRIBE begins with 90.
        let expected: [UInt8] = wish.topics.isEmpty ? [0x20, 2, 0, 0] : [0x90]
        return [
            Step(send: HTTPText.upgrade("/mqtt", protocol: "mqtt"), expect: Array("\r\n\r\n".utf8)),
            Step(send: HTTPText.frame(2, packets), expect: expected),
        ]
    }

    func publishPort(_ port: UInt16) -> UInt16 { port + 1 }

    func encoder() -> any PublicationEncoder { Encoder() }

    private struct Encoder: PublicationEncoder {
        var opening: Step? { Step(send: MQTT.connect, expect: [0x20, 2, 0, 0]) }

        mutating func begin(_: inout [UInt8]) {}

        mutating func append(topic: [UInt8], data: [UInt8], to output: inout [UInt8]) {
            output += MQTT.packet(0x30, MQTT.text(topic) + data)
        }

        mutating func end(_: inout [UInt8]) {}
    }

    /// Packets of MQTT 3.1.1.
    private enum MQTT {
        /// No client name, a clean session, no keep-alive.
        static let connect = packet(0x10, text(Array("MQTT".utf8)) + [4, 2, 0, 0] + text([]))

        static func text(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        }

        static func packet(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
            var length: [UInt8] = []
            var rest = body.count
            repeat {
                length.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
                rest >>= 7
            } while rest > 0
            return [kind] + length + body
        }
    }
}
