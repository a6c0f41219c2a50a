/// Where a gateway is, and how it is known to be the one: `https://host:port/prefix`.
internal import Primitives
package import Transport

package struct GatewayURL: Sendable, Equatable, CustomStringConvertible {
    /// Whether it is spoken with by TLS.
    package let isSecure: Bool
    /// The Unix socket at which it is; nil: it is where host and port say.
    package var socketPath: String?
    /// Whom it is trusted to be, where it is.
    package var trust = ServerTrust.system
    /// By what certificate it knows who this is; nil: by none.
    package var identity: ClientIdentity?
    /// A name or an address; IPv6 without brackets.
    package let host: String
    package let port: UInt16
    /// The beginning of every path: empty, or `/prefix` without a slash at its end.
    package let prefix: String
    /// What is shown to it with each request.
    package var credential: ClientCredential?

    package static func == (left: GatewayURL, right: GatewayURL) -> Bool {
        (left.host, left.port, left.prefix, left.socketPath)
            == (right.host, right.port, right.prefix, right.socketPath)
    }

    /// The default address of a gateway.
    package static let standard = "http://127.0.0.1:8080"
    /// The environment variable that replaces the default.
    package static let variable = "TIDEGATE_URL"

    package init(_ text: String) throws(URLFailure) {
        let lower = text.lowercased()
        isSecure = ["https://", "wss://"].contains { lower.hasPrefix($0) }
        var rest = Substring(text)
        if let scheme = ["https://", "wss://", "http://", "ws://"].first(where: { lower.hasPrefix($0) }) {
            rest = rest.dropFirst(scheme.count)
        } else if text.contains("://") {
            throw URLFailure(text, "the scheme must be http or https")
        }
        if rest.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" }) {
            throw URLFailure(text, "only a host, a port and a path may stand in it")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (host, port) = try Self.authority(rest[..<slash], of: text)
        self.host = host
        self.port = port ?? Self.port(isSecure: isSecure)
        prefix = try Self.path(rest[slash...], of: text)
    }

    /// The root of a server.
    init(isSecure: Bool, host: String, port: UInt16) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        prefix = ""
    }

    /// The gateway that `argument`, else `environment`, else the default names. An empty string counts as absent.
    package init(argument: String?, environment: String?) throws(URLFailure) {
        let stated = [argument, environment].compactMap { $0 }.first { !$0.isEmpty }
        try self.init(stated ?? Self.standard)
    }

    /// `host:port`, as in the Host field.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == Self.port(isSecure: isSecure) ? name : "\(name):\(port)"
    }

    package var description: String {
        let way = socketPath.map { " at unix:\($0)" } ?? ""
        return "\(isSecure ? "https" : "http")://\(authority)\(prefix)\(way)"
    }

    /// The port that a URL need not name.
    private static func port(isSecure: Bool) -> UInt16 { isSecure ? 443 : 80 }

    private static func authority(
        _ authority: Substring, of text: String
    ) throws(URLFailure) -> (host: String, port: UInt16?) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw URLFailure(text, "an IPv6 address ends in \"]\"")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw URLFailure(text, "after \"]\" comes \":\" and the port")
            }
            if !rest.isEmpty { portText = rest.dropFirst() }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
            if portText?.contains(":") == true {
                throw URLFailure(text, "an IPv6 address stands in brackets: http://[::1]:8080")
            }
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > ASCII.space && $0 < ASCII.delete }) else {
            throw URLFailure(text, "it names no host")
        }
        guard let portText else { return (String(host), nil) }
        guard portText.utf8.allSatisfy(ASCII.isDigit), let port = UInt16(portText), port > 0 else {
            throw URLFailure(text, "the port is a number from 1 to 65535")
        }
        return (String(host), port)
    }

    private static func path(_ path: Substring, of text: String) throws(URLFailure) -> String {
        guard path.utf8.allSatisfy({ $0 > ASCII.space && $0 < ASCII.delete }) else {
            throw URLFailure(text, "its path must be percent-encoded")
        }
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}

/// Text that is no gateway's address.
package struct URLFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let text: String
    package let reason: String

    init(_ text: String, _ reason: String) {
        self.text = text
        self.reason = reason
    }

    package var description: String { "the URL \"\(text)\" is not usable: \(reason)" }
}
