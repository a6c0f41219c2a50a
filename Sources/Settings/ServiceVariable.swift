/// Variables that Kubernetes sets in a container for each service of its namespace. Those of a service named `tidegate`
/// or `tidegate-…` begin as settings do.
package enum ServiceVariable {
    /// Whether a variable has that shape: `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_<NAME>`, and, as Docker's
    /// links had them, `…_PORT`, `…_PORT_<NUMBER>_TCP` and that with `_ADDR`, `_PORT` or `_PROTO`.
    package static func matches(_ name: String, value: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        if words.last == "PORT", isAddress(value) { return true }
        for (place, word) in words.enumerated() {
            let rest = words[(place + 1)...]
            if word == "SERVICE", rest.first == "PORT" || Array(rest) == ["HOST"] { return true }
            if word == "PORT", isLink(Array(rest)) { return true }
        }
        return false
    }

    /// Only its value tells such a variable from the setting `port`.
    private static func isAddress(_ value: String) -> Bool {
        protocols.contains { value.hasPrefix($0.lowercased() + "://") }
    }

    private static func isLink(_ words: [Substring]) -> Bool {
        guard (2...3).contains(words.count), UInt16(words[0]) != nil, protocols.contains(String(words[1]))
        else { return false }
        return words.count == 2 || ["ADDR", "PORT", "PROTO"].contains(words[2])
    }

    private static let protocols = ["TCP", "UDP", "SCTP"]
}
