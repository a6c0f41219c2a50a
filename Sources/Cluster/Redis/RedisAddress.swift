/// Where a server is: a name or an address, and a port.
internal import Primitives

package struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    package static let serverPort: UInt16 = 6379
    package static let sentinelPort: UInt16 = 26379

    /// A name or an address; IPv6 without brackets.
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// As servers write it behind `MOVED`: the port behind the last colon, IPv6 without brackets. Nil where it names no port. One
    /// without a host is at the host that says so.
    init?(said text: some StringProtocol, by speaker: RedisAddress) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { return nil }
        let host = text[..<colon]
        self.init(host: host.isEmpty || host == "?" ? speaker.host : String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
