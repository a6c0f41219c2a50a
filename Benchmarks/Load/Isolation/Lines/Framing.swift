/// Lines of clients that abuse a WebSocket: its frames, its messages, its compression.
internal import CZlib
internal import Primitives

struct Fragments: IsolationLine {
    let name = "fragments"
    let about = "eight connections send messages of 4,000 fragments of one byte"

    func act(_ strangers: Strangers) throws {
        // A ping with a long name, a byte a frame; only the last frame says that it is the last.
        let text =
            Array("{\"type\":\"ping\",\"id\":\"".utf8) + Array(repeating: UInt8(ascii: " "), count: 3978)
        var message: [UInt8] = []
        for (place, byte) in text.enumerated() {
            var frame = HTTPText.frame(place == 0 ? FrameWalker.text : 0, [byte])
            if place < text.count - 1 { frame[0] &= 0x7F }
            message += frame
        }
        try strangers.flood(strangers.webSockets(8)) {
            strangers.count("messages")
            return message
        }
    }
}

struct Pings: IsolationLine {
    let name = "pings"
    let about = "eight connections send pings as fast as they are taken, and come back when they are cut off"

    func act(_ strangers: Strangers) throws {
        let pings = Array(
            (0..<1000).map { _ in HTTPText.frame(FrameWalker.ping, Array("ping".utf8)) }.joined())
        try strangers.flood(strangers.webSockets(8)) {
            strangers.count("pings", 1000)
            return pings
        }
    }
}

struct Paces: IsolationLine {
    let name = "paces"
    let about = "ten readers of ** change their pace 900 times a second each"

    private var readers: [Stranger] = []

    mutating func prepare(_ strangers: Strangers) throws { readers = try strangers.readers(10, of: "**") }

    func act(_ strangers: Strangers) throws {
        var beat = Beat(900)
        while strangers.goesOn {
            for number in 0..<beat.due() {
                let rate = number % 2 == 0 ? "0.01" : "1000"
                for reader in readers where !reader.hasUnsent {
                    strangers.send(message: "{\"type\":\"pace\",\"maxRate\":\(rate)}", on: reader)
                    strangers.count("changes")
                }
            }
            try strangers.pump(for: .milliseconds(2))
        }
    }
}

struct Bombs: IsolationLine {
    let name = "bombs"
    let about =
        "eight connections send compressed messages of 80 bytes that inflate to 64 KB, and some to 64 MB"

    func act(_ strangers: Strangers) throws {
        let opening = HTTPText.get(
            "/ws",
            """
            Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n
            """)
        let small = Self.message(inflatingTo: 65_000)
        let large = Self.message(inflatingTo: 64 << 20)
        var number = 0
        try strangers.flood(strangers.connect(8, opening)) {
            number += 1
            strangers.count("messages")
            return number % 1000 == 0 ? large : small
        }
    }

    /// A frame of `{"type":"ping", …white space… }`, compressed (RFC 7692 §7.2.3.4: a final block, then a zero byte).
    private static func message(inflatingTo byteCount: Int) -> [UInt8] {
        let text =
            Array("{\"type\":\"ping\"".utf8)
            + Array(repeating: UInt8(ascii: " "), count: byteCount - 15) + [UInt8(ascii: "}")]
        var space = [UInt8](repeating: 0, count: 1 << 20)
        var count = UInt(space.count)
        let status = compress2(&space, &count, text, UInt(text.count), 9)
        precondition(status == Z_OK, "zlib cannot compress (\(status))")
        // Without the head and the check sum of zlib's own format (RFC 1950 §2.2).
        var frame = HTTPText.frame(FrameWalker.text, Array(space[2..<Int(count) - 4]) + [0])
        frame[0] |= 0x40
        return frame
    }
}

struct Nonsense: IsolationLine {
    let name = "nonsense"
    let about =
        "eight connections send messages of 64 KB that are refused: bad names, bad JSON, deep brackets"

    func act(_ strangers: Strangers) throws {
        let names = (0..<4000).map { "good/\($0)" } + ["bad name"]
        let messages = [
            ClientMessage.subscribe(names), ClientMessage.unsubscribe(names),
            String(repeating: "[", count: 60_000), String(ClientMessage.subscribe(names).dropLast()),
        ].map { HTTPText.frame(FrameWalker.text, Array($0.utf8)) }
        var number = 0
        try strangers.flood(strangers.webSockets(8)) {
            number += 1
            strangers.count("messages")
            return messages[number % messages.count]
        }
    }
}
