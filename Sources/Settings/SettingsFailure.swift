/// Why a setting is refused: what was found, where, and what is wanted instead.
internal import Primitives

package struct SettingsFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the label of the override: the place to correct.
    package let source: String
    /// "feeds.host.interval"; empty for the file as a whole.
    package let path: String
    package let reason: String

    package init(source: String, path: String, reason: String) {
        self.source = source
        self.path = path
        self.reason = reason
    }

    package var description: String {
        path.isEmpty ? "\(source): \(reason)" : "\(source): \(path): \(reason)"
    }
}

extension SettingsFailure {
    /// Text that is no JSON, with the line and the column as editors count them.
    init(_ failure: JSONFailure, in text: [UInt8], file: String) {
        let before = text[..<min(failure.offset, text.count)]
        let line = before.count { $0 == ASCII.lineFeed } + 1
        let lineStart = before.lastIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? 0
        // A continuation byte of UTF-8 is no character of its own.
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        self.init(
            source: file, path: "", reason: "line \(line), column \(column): \(failure.reason)")
    }

    /// A name that no key has.
    init(source: String, unknown path: String, name: String, known: [String]) {
        var reason = "unknown key."
        if let nearest = nearestName(to: name, among: known) { reason += " Did you mean \"\(nearest)\"?" }
        reason += known.isEmpty ? " No key is known here" : " Known here: " + known.joined(separator: ", ")
        self.init(source: source, path: path, reason: reason)
    }
}
