/// An entry of `access.hosts`: a name that the gateway answers to.
package import HTTP

package enum HostPattern: Sendable, CustomStringConvertible {
    /// `auto`: while the gateway listens on loopback alone, the names of that, with any port; else every name.
    case auto
    /// `tidegate.example.com`, with any port; `tidegate.example.com:8443`, with that one.
    case named(Authority)

    package init(_ text: String) throws(AccessFailure) {
        if text == "auto" {
            self = .auto
            return
        }
        guard !text.contains("/") else {
            throw AccessFailure(text, "a host has no scheme and no path; write \"tidegate.example.com\"")
        }
        guard !text.contains("*") else {
            throw AccessFailure(text, "a host has no stars; an empty list stands for every host")
        }
        guard let authority = Authority(Array(text.utf8).span) else {
            throw AccessFailure(text, "it is no host; write \"name\", \"name:port\" or \"[::1]\"")
        }
        self = .named(authority)
    }

    package var description: String {
        switch self {
        case .auto: "auto"
        case .named(let authority):
            String(decoding: authority.host, as: UTF8.self) + (authority.port.map { ":\($0)" } ?? "")
        }
    }
}
