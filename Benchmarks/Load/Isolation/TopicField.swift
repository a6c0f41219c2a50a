/// The topics that a gateway is filled with: half of them in groups of 100, as the symbols of a market; half of them with a
/// first segment of their own, as the machines of a farm.

enum TopicField {
    static func name(_ number: Int) -> String {
        if number % 2 == 0 { return "group\(number / 200)/q\(number)" }
        return number % 10_000 == 1 ? "h\(number)/x/y" : "h\(number)/q\(number)"
    }

    static func groupCount(of topicCount: Int) -> Int { topicCount / 200 }

    /// The topics of a group: `group7/*`.
    static func members(of group: Int) -> [String] {
        stride(from: group * 200, to: group * 200 + 200, by: 2).map(name)
    }

    /// A quote; an update has some 160 bytes with it.
    private static let data =
        #"{"bid":101.25,"ask":101.27,"last":101.26,"volume":12345,"venue":"XNAS","day":"2025-11-24"}"#

    /// Publishes `count` topics in one request.
    static func fill(_ count: Int, port: UInt16) throws {
        let socket = try BenchSocket(to: port)
        defer { socket.close() }
        var encoder = GatewayServer().encoder()
        if let opening = encoder.opening { try socket.sendAll(opening.send) }
        let data = Array(data.utf8)
        var output: [UInt8] = []
        for first in stride(from: 0, to: count, by: 500) {
            output.removeAll(keepingCapacity: true)
            encoder.begin(&output)
            for number in first..<min(first + 500, count) {
                encoder.append(topic: Array(name(number).utf8), data: data, to: &output)
            }
            encoder.end(&output)
            try socket.sendAll(output)
        }
        try socket.sendAll(Array("0\r\n\r\n".utf8))
        try socket.await(Array("\"accepted\":\(count)".utf8))
    }

    /// Publishes all of `names` in one request of a stranger's.
    static func publish(_ names: some Sequence<String>) -> [UInt8] {
        lines(names.map { "{\"topic\":\"\($0)\",\"data\":\(data)}\n" })
    }

    /// Ends all of `names` in one request of a stranger's.
    static func end(_ names: some Sequence<String>) -> [UInt8] {
        lines(names.map { "{\"topic\":\"\($0)\",\"deleted\":true}\n" })
    }

    private static func lines(_ lines: [String]) -> [UInt8] {
        HTTPText.post("/publish", type: "application/x-ndjson", Array(lines.joined().utf8))
    }
}
