import Primitives

/// Where a page came from: scheme, host and port (RFC 6454 §4). Browsers say it in the field Origin of a request that a
/// page makes, and no page can say another.
package struct Origin: Hashable, Sendable {
    /// In lower case.
    package let scheme: [UInt8]
    /// Without the scheme's own port.
    package let authority: Authority

    /// Reads `scheme://host` or `scheme://host:port` (RFC 6454 §7.1). Nil for all else; `null` names no origin.
    package init?(_ text: Span<UInt8>) {
        guard let colon = text.indices.first(where: { text[$0] == ASCII.colon }), text.count > colon + 3,
            text[colon + 1] == ASCII.slash, text[colon + 2] == ASCII.slash,
            Self.isScheme(text.extracting(..<colon)),
            let authority = Authority(text.extracting((colon + 3)...))
        else { return nil }
        scheme = (0..<colon).map { ASCII.lowercased(text[$0]) }
        self.authority = Authority(
            host: authority.host,
            port: authority.port == Self.port(of: scheme) ? nil : authority.port)
    }

    /// Whether a request of this origin's pages to their own server names `authority` as its host.
    ///
    /// The scheme is not told there, and behind a proxy that ends TLS it is not the connection's either. So a host without
    /// a port stands for the ports of both schemes.
    package func isServed(at authority: Authority) -> Bool {
        guard let standard = Self.port(of: scheme), authority.host == self.authority.host else {
            return false
        }
        return (authority.port ?? standard) == (self.authority.port ?? standard)
    }

    /// The port that pages of a scheme need not name.
    private static func port(of scheme: [UInt8]) -> UInt16? {
        if scheme.span.equals("http") { return 80 }
        if scheme.span.equals("https") { return 443 }
        return nil
    }

    /// A letter, then letters, digits, `+`, `-` and `.` (RFC 3986 §3.1).
    private static func isScheme(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            switch ASCII.lowercased(text[index]) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), ASCII.minus, ASCII.period:
                if index == 0 { return false }
            default: return false
            }
        }
        return text.count > 0
    }
}
