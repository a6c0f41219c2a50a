/// What a proxy says before the first byte of a connection: from where it comes. The PROXY protocol of HAProxy, version 1 in
/// text and version 2 in binary (haproxy.org/download/3.0/doc/proxy-protocol.txt).
internal import Glibc
internal import Primitives

package struct ProxyHeader: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// The proxy itself, to see whether somebody is there (§2.2, LOCAL).
        case proxy
        /// Somebody of whom the proxy can say nothing, or nothing that is an address of IP.
        case unknown
        /// 4 bytes, or 16.
        case address([UInt8], port: UInt16)
    }

    package struct Malformed: Error {}

    package let source: Source
    package let byteCount: Int

    /// A line has at most so many bytes, its end included (§2.1).
    package static let textLimit = 107
    /// So many may stand behind the first 16 of the binary header. Addresses take 216 at most; the rest, which proxies add of
    /// what they know of TLS, is passed over.
    package static let binaryLimit = 4096

    private static let word = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    /// Nil as long as it is not whole. What can become none is refused at its first wrong byte.
    package static func parse(_ bytes: Span<UInt8>) throws(Malformed) -> ProxyHeader? {
        guard bytes.count > 0 else { return nil }
        let isBinary = bytes[0] == signature[0]
        let beginning = isBinary ? signature : word
        for place in 0..<min(bytes.count, beginning.count) where bytes[place] != beginning[place] {
            throw Malformed()
        }
        guard bytes.count > beginning.count else { return nil }
        return isBinary ? try parseBinary(bytes) : try parseText(bytes)
    }

    // MARK: Version 1

    private static func parseText(_ bytes: Span<UInt8>) throws(Malformed) -> ProxyHeader? {
        let most = min(bytes.count, textLimit)
        guard let end = (0..<most).first(where: { bytes[$0] == ASCII.lineFeed }) else {
            guard bytes.count < textLimit else { throw Malformed() }
            return nil
        }
        guard bytes[end - 1] == ASCII.carriageReturn else { throw Malformed() }
        let words = bytes.extracting(word.count..<(end - 1)).array
            .split(separator: ASCII.space, omittingEmptySubsequences: false)
        return ProxyHeader(source: try source(of: words), byteCount: end + 1)
    }

    private static func source(of words: [ArraySlice<UInt8>]) throws(Malformed) -> Source {
        let family = String(decoding: words[0], as: UTF8.self)
        // Whatever else is said of somebody unknown counts for nothing.
        if family == "UNKNOWN" { return .unknown }
        guard words.count == 5, family == "TCP4" || family == "TCP6" else { throw Malformed() }
        let number = family == "TCP4" ? AF_INET : AF_INET6
        let source = try address(words[1], number)
        _ = try address(words[2], number)
        let port = try port(words[3])
        _ = try self.port(words[4])
        return .address(source, port: port)
    }

    private static func address(_ text: ArraySlice<UInt8>, _ family: Int32) throws(Malformed) -> [UInt8] {
        guard !text.contains(0) else { throw Malformed() }
        var bytes = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        guard inet_pton(family, String(decoding: text, as: UTF8.self), &bytes) == 1 else {
            throw Malformed()
        }
        return bytes
    }

    private static func port(_ text: ArraySlice<UInt8>) throws(Malformed) -> UInt16 {
        guard let number = Array(text).span.decimal.flatMap({ UInt16(exactly: $0) }),
            text.count == 1 || text.first != UInt8(ascii: "0")
        else { throw Malformed() }
        return number
    }

    // MARK: Version 2

    private enum Family: UInt8 {
        case unspecified = 0x00
        case ipv4 = 0x11
        case ipv6 = 0x21
        case unix = 0x31

        var byteCount: Int {
            switch self {
            case .unspecified: 0
            case .ipv4: 12
            case .ipv6: 36
            case .unix: 216
            }
        }
    }

    private static func parseBinary(_ bytes: Span<UInt8>) throws(Malformed) -> ProxyHeader? {
        // Version 2, and LOCAL or PROXY.
        let isLocal = bytes[12] == 0x20
        guard isLocal || bytes[12] == 0x21 else { throw Malformed() }
        guard bytes.count >= 16 else { return nil }
        let rest = Int(bytes[14]) << 8 | Int(bytes[15])
        guard rest <= binaryLimit else { throw Malformed() }
        var source = Source.proxy
        if !isLocal {
            guard let family = Family(rawValue: bytes[13]), rest >= family.byteCount else {
                throw Malformed()
            }
            guard bytes.count >= 16 + rest else { return nil }
            source = Self.source(family, bytes)
        }
        return bytes.count >= 16 + rest ? ProxyHeader(source: source, byteCount: 16 + rest) : nil
    }

    /// The source stands first, then the destination, then the port of each.
    private static func source(_ family: Family, _ bytes: Span<UInt8>) -> Source {
        switch family {
        case .unspecified, .unix: return .unknown
        case .ipv4, .ipv6:
            let count = (family.byteCount - 4) / 2
            let port = 16 + 2 * count
            return .address(
                bytes.extracting(16..<(16 + count)).array,
                port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
        }
    }
}
