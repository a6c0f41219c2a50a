/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address (RFC 4632); and who comes by a Unix socket: `unix:uid=1000`,
/// or anybody, `unix:`.
internal import Glibc
internal import Primitives

package struct AddressRange: Sendable, CustomStringConvertible {
    /// 4 bytes, or 16; of a user of this machine 5: the number, and a zero, so that it is no address.
    private let bytes: [UInt8]
    private let bitCount: Int
    package let description: String

    /// Nil where the text is no such block, or has bits set behind its mask: then it is not clear what was meant.
    package init?(_ text: String) {
        if text.hasPrefix(Self.unix) {
            guard text == Self.unix || Self.bytes(ofPeer: text) != nil, !text.contains(",") else {
                return nil
            }
            bytes = Self.bytes(ofPeer: text) ?? [0, 0, 0, 0, 0]
            bitCount = text == Self.unix ? 0 : 40
            description = text
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.bytes(ofAddress: String(parts[0])) else { return nil }
        var bitCount = bytes.count * 8
        if parts.count == 2 {
            guard let given = Array(parts[1].utf8).span.decimal, given <= UInt64(bitCount) else { return nil }
            bitCount = Int(given)
        }
        for place in bitCount..<bytes.count * 8 where bytes[place / 8] & 0x80 >> UInt8(place % 8) != 0 {
            return nil
        }
        self.bytes = bytes
        self.bitCount = bitCount
        description = text
    }

    /// Whether it has that address, as `bytes(ofPeer:)` says it.
    package func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = bitCount / 8
        guard address.prefix(whole) == bytes.prefix(whole) else { return false }
        let rest = UInt8(bitCount % 8)
        return rest == 0 || (address[whole] ^ bytes[whole]) >> (8 - rest) == 0
    }

    private static let unix = "unix:"

    /// The address of a peer, `192.0.2.1:4711`, `[::1]:4711` or `unix:uid=1000,pid=4711`; nil where it has none.
    package static func bytes(ofPeer peer: String) -> [UInt8]? {
        if peer.hasPrefix(unix) { return bytes(ofUser: peer.dropFirst(unix.utf8.count)) }
        guard let colon = peer.lastIndex(of: ":") else { return bytes(ofAddress: peer) }
        let host = peer[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            return bytes(ofAddress: String(host.dropFirst().dropLast()))
        }
        return bytes(ofAddress: String(host.contains(":") ? peer[...] : host))
    }

    /// `uid=1000`, and what the kernel has told besides.
    private static func bytes(ofUser text: Substring) -> [UInt8]? {
        let words = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard words[0].hasPrefix("uid="), let given = Array(words[0].utf8.dropFirst(4)).span.decimal,
            let number = UInt32(exactly: given)
        else { return nil }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } + [0]
    }

    /// Whoever has one address of IPv6 has all of its network. Peers without an address count as one.
    package static func network(of address: [UInt8]?) -> [UInt8] {
        guard let address else { return [] }
        return address.count == 16 ? Array(address.prefix(8)) : address
    }

    /// An IPv4 address within IPv6 counts as the IPv4 address that it is (RFC 4291 §2.5.5.2).
    package static func bytes(ofAddress text: String) -> [UInt8]? {
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            return unsafe withUnsafeBytes(of: four) { unsafe Array($0) }
        }
        var six = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return unmapped(unsafe withUnsafeBytes(of: six) { unsafe Array($0) })
    }

    /// The IPv4 address that an address of IPv6 stands for, or what it is.
    static func unmapped(_ bytes: [UInt8]) -> [UInt8] {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
    }
}
