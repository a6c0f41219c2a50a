import Primitives

/// A host and perhaps a port, as a Host field names them (RFC 9110 §7.2), and an origin behind its scheme.
package struct Authority: Hashable, Sendable {
    /// In lower case, since case means nothing in it; an IPv6 address in its brackets.
    package let host: [UInt8]
    /// Nil: that of the scheme.
    package let port: UInt16?

    init(host: [UInt8], port: UInt16?) {
        self.host = host
        self.port = port
    }

    /// Nil where `text` is no authority, or names no host.
    package init?(_ text: Span<UInt8>) {
        guard let parts = Parts(text) else { return nil }
        self.init(
            host: (0..<parts.hostByteCount).map { ASCII.lowercased(text[$0]) }, port: parts.port)
    }

    /// Whether `text`, whose parts are given, names this host, in any case.
    package func isHost(of text: Span<UInt8>, _ parts: Parts) -> Bool {
        guard parts.hostByteCount == host.count else { return false }
        for index in host.indices where ASCII.lowercased(text[index]) != host[index] { return false }
        return true
    }
}

extension Authority {
    /// Where an authority's parts stand in its text, so that it can be compared without a copy.
    package struct Parts {
        let hostByteCount: Int
        package let port: UInt16?

        /// Nil where `text` is no authority, or names no host.
        package init?(_ text: Span<UInt8>) {
            guard Syntax.isAuthority(text) else { return nil }
            var digits = text.count
            while digits > 0, ASCII.isDigit(text[digits - 1]) { digits -= 1 }
            if digits > 0, text[digits - 1] == ASCII.colon {
                guard let port = Self.port(text.extracting(digits...)) else { return nil }
                (hostByteCount, self.port) = (digits - 1, port.number)
            } else {
                (hostByteCount, port) = (text.count, nil)
            }
            guard Self.isHost(text.extracting(..<hostByteCount)) else { return nil }
        }

        private static func isHost(_ host: Span<UInt8>) -> Bool {
            guard host.count > 0 else { return false }
            if host[0] == ASCII.openBracket { return host[host.count - 1] == ASCII.closeBracket }
            for index in host.indices {
                switch host[index] {
                case ASCII.colon, ASCII.openBracket, ASCII.closeBracket: return false
                default: continue
                }
            }
            return true
        }

        private struct Port {
            let number: UInt16?
        }

        /// No digits behind the colon mean the same as no colon (RFC 3986 §6.2.3); nil for a port that can't be.
        private static func port(_ digits: Span<UInt8>) -> Port? {
            guard digits.count > 0 else { return Port(number: nil) }
            return digits.decimal.flatMap { UInt16(exactly: $0) }.map { Port(number: $0) }
        }
    }
}
