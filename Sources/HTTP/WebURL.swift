import Primitives

/// Where something is that HTTP fetches: `https://host:port/path?query` (RFC 9110 §4.2).
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    package let isSecure: Bool
    /// Without the scheme's own port.
    package let authority: Authority
    /// The path and the query, as a request line has them.
    package let target: String

    /// Nil for all else, for a name or password in it, and for a fragment, which no server is told.
    package init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://") else { return nil }
        let rest = text[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let origin = Origin(Array(text[..<end].utf8).span) else { return nil }
        if origin.scheme.span.equals("https") {
            isSecure = true
        } else if origin.scheme.span.equals("http") {
            isSecure = false
        } else {
            return nil
        }
        let target = rest[end...]
        guard target.utf8.allSatisfy({ $0 > ASCII.space && $0 < ASCII.delete && $0 != UInt8(ascii: "#") })
        else { return nil }
        authority = origin.authority
        self.target = (target.hasPrefix("/") ? "" : "/") + target
    }

    /// A name or an address; IPv6 without brackets.
    package var host: String {
        let isBracketed = authority.host.first == ASCII.openBracket
        return (isBracketed ? Array(authority.host.dropFirst().dropLast()) : authority.host).span.text
    }

    package var port: UInt16 { authority.port ?? (isSecure ? 443 : 80) }

    package var description: String {
        let port = authority.port.map { ":\($0)" } ?? ""
        return "\(isSecure ? "https" : "http")://\(authority.host.span.text)\(port)\(target)"
    }
}
