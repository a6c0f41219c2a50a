/// A WebSocket client of raw frames: a test can send broken ones.
import Foundation

struct ServerFrame {
    let isFinal: Bool
    let opcode: UInt8
    let payload: [UInt8]

    var closeCode: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    var text: String { String(decoding: payload, as: UTF8.self) }
}

final class WebSocketProbe {
    let http: HTTPProbe
    let head: HTTPAnswer
    var socket: RawSocket { http.socket }
    /// The close frame that came while a message was awaited.
    private(set) var close: ServerFrame?
    private(set) var lastCursor: String?

    static let fields = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    init(
        _ query: String = "", _ extra: [String] = [], _ gateway: GatewayProcess = .shared,
        receiveBuffer: Int32? = nil, port: UInt16? = nil
    ) throws {
        http = try port.map { try HTTPProbe(port: $0) } ?? HTTPProbe(gateway, receiveBuffer: receiveBuffer)
        try http.send("GET", query.isEmpty ? "/ws" : "/ws?\(query)", Self.fields + extra)
        head = try http.head()
        guard head.status == 101 else { throw Fault("\(head.status) instead of a WebSocket") }
    }

    // MARK: Sending

    func send(_ text: String) throws { try socket.send(Self.frame(1, Array(text.utf8))) }

    func sendClose(_ code: UInt16) throws {
        try socket.send(Self.frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)]))
    }

    static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true)
        -> [UInt8]
    {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let maskBit: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.append(maskBit | UInt8(payload.count))
        case ..<65_536: frame += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(maskBit | 127)
            frame += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        guard isMasked else { return frame + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return frame + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }

    // MARK: Receiving

    func nextFrame() throws -> ServerFrame {
        let start = try socket.take(exactly: 2)
        guard start[0] & 0x70 == 0, start[1] & 0x80 == 0 else { throw Fault("no frame: \(start)") }
        var count = Int(start[1])
        if count > 125 {
            count = try socket.take(exactly: count == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        return ServerFrame(
            isFinal: start[0] & 0x80 != 0, opcode: start[0] & 0x0F, payload: try socket.take(exactly: count))
    }

    /// The next message; throws if the gateway closes instead.
    func next() throws -> JSON {
        while true {
            let frame = try nextFrame()
            switch frame.opcode {
            case 1:
                let message = JSON(frame.payload)
                guard let type = message["type"].string else { throw Fault("no message: \(frame.text)") }
                if type == "updates" || type == "live" || type == "heartbeat",
                    let cursor = message["cursor"].string
                {
                    lastCursor = cursor
                }
                return message
            case 8:
                close = frame
                throw Fault("the gateway closed: \(frame.closeCode ?? 0)")
            default: continue
            }
        }
    }

    /// The next message of that type; skips others.
    func next(_ type: String) throws -> JSON {
        while true {
            let message = try next()
            if message["type"].string == type { return message }
        }
    }

    /// Sends a command and returns the answer that carries its id.
    func ask(_ id: Int, _ command: String) throws -> JSON {
        try send(command)
        while true {
            let message = try next()
            if message["id"].int == id { return message }
        }
    }

    /// The updates before `live`, and that message.
    func snapshot() throws -> (updates: [JSON], live: JSON) {
        var updates: [JSON] = []
        while true {
            let message = try next()
            if message["type"].string == "updates" { updates += message["updates"].list }
            if message["type"].string == "live" { return (updates, message) }
        }
    }

    func updates(until isEnough: (JSON) -> Bool) throws -> [JSON] {
        var updates: [JSON] = []
        while true {
            for update in try next("updates")["updates"].list {
                updates.append(update)
                if isEnough(update) { return updates }
            }
        }
    }

    /// Reads up to the close frame.
    func nextClose() throws -> ServerFrame {
        while true {
            let frame = try nextFrame()
            if frame.opcode == 8 { return frame }
        }
    }

    /// Reads to the connection's end, which must follow whole frames. Returns the close frame's code if there was
    /// one.
    func closeCodeAtEnd() throws -> Int? {
        var code: Int?
        while code == nil, try socket.hasMore() {
            code = try nextFrame().closeCode
        }
        guard try socket.takeAll().isEmpty else { throw Fault("something follows the close frame") }
        return code
    }
}
