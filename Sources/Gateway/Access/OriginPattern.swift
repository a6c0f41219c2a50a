/// An entry of `access.origins`: pages of which other origins may read and publish.
internal import HTTP
internal import Primitives

package struct OriginPattern: Sendable, CustomStringConvertible {
    private enum Form {
        /// `*`: every page there is.
        case any
        /// `null`: pages whose origin has no name, such as files and sandboxed frames. Every site can make such a page.
        case null
        /// `https://app.example.com`, `https://*.example.com`, `http://localhost:*`
        case origin(Origin, coversSubdomains: Bool, coversPorts: Bool)
    }

    private let form: Form
    /// As the settings have it.
    package let description: String

    package init(_ text: String) throws(AccessFailure) {
        description = text
        switch text {
        case "*": form = .any
        case "null": form = .null
        default: form = try Self.form(of: text)
        }
    }

    private static func form(of text: String) throws(AccessFailure) -> Form {
        guard let scheme = text.firstRange(of: "://").map({ text[..<$0.lowerBound] }) else {
            throw AccessFailure(text, "it has no scheme; write \"https://\(text)\"")
        }
        if scheme == "ws" || scheme == "wss" {
            throw AccessFailure(
                text,
                "it names the page, not the WebSocket; write \"\(scheme == "ws" ? "http" : "https")://…\"")
        }
        var name = text[scheme.endIndex...].dropFirst("://".count)
        if let slash = name.firstIndex(of: "/") {
            throw AccessFailure(text, "an origin has no path; write \"\(text[..<slash])\"")
        }
        let coversPorts = name.hasSuffix(":*")
        if coversPorts { name = name.dropLast(":*".count) }
        let coversSubdomains = name.hasPrefix("*.")
        if coversSubdomains { name = name.dropFirst("*.".count) }
        guard !name.contains("*") else {
            throw AccessFailure(
                text,
                "a star stands for the names below a host (https://*.example.com) or for the port "
                    + "(http://localhost:*), and alone for every origin")
        }
        guard let origin = Origin(Array("\(scheme)://\(name)".utf8).span) else {
            throw AccessFailure(
                text,
                "it is no origin; write \"https://app.example.com\", names with other letters in Punycode")
        }
        return .origin(origin, coversSubdomains: coversSubdomains, coversPorts: coversPorts)
    }

    /// Whether it covers the value of a field Origin.
    func covers(_ field: Span<UInt8>) -> Bool {
        switch form {
        case .any: return true
        case .null: return field.equals("null")
        case .origin(let origin, let coversSubdomains, let coversPorts):
            guard let other = Origin(field) else { return false }
            return other.scheme == origin.scheme
                && (coversPorts || other.authority.port == origin.authority.port)
                && (coversSubdomains
                    ? Self.lies(other.authority.host, below: origin.authority.host)
                    : other.authority.host == origin.authority.host)
        }
    }

    private static func lies(_ name: [UInt8], below parent: [UInt8]) -> Bool {
        name.count > parent.count + 1 && name.suffix(parent.count + 1).elementsEqual([ASCII.period] + parent)
    }
}

/// An entry of `access` that can't be meant.
package struct AccessFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ entry: String, _ fault: String) {
        description = "\"\(entry)\": \(fault)"
    }
}
