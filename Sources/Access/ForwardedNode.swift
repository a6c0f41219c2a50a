/// A node of a request's way, as a proxy has written it down (RFC 7239 §6): an address with or without a port, or a secret.
internal import Glibc
internal import Primitives

package struct ForwardedNode: Sendable {
    /// 4 bytes, or 16; nil where it has none: `unknown`, an obfuscated identifier, or what is no node at all.
    package let address: [UInt8]?
    /// As a peer is called: `192.0.2.1`, `[2001:db8::1]:4711`, `unknown`. Nothing in it is as it came.
    package let peer: String

    /// One of which nothing is known.
    package static let unknown = ForwardedNode([])

    /// 4 bytes, or 16.
    package init(address: [UInt8], port: UInt16) {
        let address = AddressRange.unmapped(address)
        self.address = address
        let name = Self.name(of: address)
        peer = address.count == 16 ? "[\(name)]:\(port)" : "\(name):\(port)"
    }

    package init(_ text: [UInt8]) {
        guard let (host, port) = Self.parts(of: text), let address = Self.address(of: host) else {
            address = nil
            peer = "unknown"
            return
        }
        self.address = address
        let name = Self.name(of: address)
        guard let number = port.span.decimal else {
            peer = name
            return
        }
        peer = address.count == 16 ? "[\(name)]:\(number)" : "\(name):\(number)"
    }

    /// An address of IPv6 should stand in brackets; `X-Forwarded-For` has it without, and then there is no port.
    private static func parts(of text: [UInt8]) -> (host: ArraySlice<UInt8>, port: ArraySlice<UInt8>)? {
        // The longest address of IPv6 has 45 bytes, in brackets and with a port 53.
        guard (1...64).contains(text.count) else { return nil }
        if text[0] == ASCII.openBracket {
            guard let end = text.firstIndex(of: ASCII.closeBracket) else { return nil }
            let host = text[1..<end]
            guard host.contains(ASCII.colon) else { return nil }
            return port(text[(end + 1)...]).map { (host, $0) }
        }
        guard let colon = text.firstIndex(of: ASCII.colon), !text[(colon + 1)...].contains(ASCII.colon) else {
            return (text[...], [])
        }
        return port(text[colon...]).map { (text[..<colon], $0) }
    }

    /// The port behind its colon; empty where none is told. It may be obfuscated.
    private static func port(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let colon = text.first else { return [] }
        let port = text.dropFirst()
        guard colon == ASCII.colon, let first = port.first else { return nil }
        if first == UInt8(ascii: "_") { return [] }
        guard let number = Array(port).span.decimal, number <= 65_535 else { return nil }
        return port
    }

    private static func address(of host: ArraySlice<UInt8>) -> [UInt8]? {
        let isAddress = host.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isAddress else { return nil }
        return AddressRange.bytes(ofAddress: String(decoding: host, as: UTF8.self))
    }

    private static func name(of address: [UInt8]) -> String {
        let family = address.count == 4 ? AF_INET : AF_INET6
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            let name = unsafe inet_ntop(
                family, address, &text, socklen_t(text.count))
        else { return "unknown" }
        return unsafe String(cString: name)
    }
}
