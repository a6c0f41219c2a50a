/// One key of the settings file, from docs/config.schema.json. Values are JSON text.
import Testing

struct Setting: Sendable, CustomTestStringConvertible {
    let path: String
    let standard: String
    /// The ends of its range, or all choices; for a text, one other than the default; for a list, the schema's examples.
    let allowed: [String]
    /// Values just outside the range, and of another type.
    let refused: [String]

    var testDescription: String { path }

    /// All but `topics.logs` and the feeds, whose keys differ.
    static let all: [Setting] = collect(Repository.document("docs/config.schema.json"), at: "")
        .sorted { $0.path < $1.path }

    private static func collect(_ schema: Document, at path: String) -> [Setting] {
        (schema["properties"]?.members ?? [:]).flatMap { name, property in
            let place = path.isEmpty ? name : "\(path).\(name)"
            return property["default"]?.spelling.map { [Setting(place, property, $0)] }
                ?? collect(property, at: place)
        }
    }

    private init(_ path: String, _ property: Document, _ standard: String) {
        self.path = path
        self.standard = standard
        if let choices = property["enum"]?.literals {
            (allowed, refused) = (choices, ["\"other\"", "5"])
        } else if let lowest = property["minimum"]?.literal, let highest = property["maximum"]?.literal,
            let below = Double(lowest), let above = Double(highest)
        {
            allowed = [lowest, highest]
            refused = [Document.spelled(below - 1), Document.spelled(above + 1), "\"5\"", "true"]
        } else if case .array(let examples) = property["examples"] {
            (allowed, refused) = (examples.compactMap(\.spelling), ["5", "[5]", "\"text\""])
        } else if property["type"]?.literal == "\"boolean\"" {
            (allowed, refused) = (["true", "false"], ["1", "\"true\""])
        } else {
            (allowed, refused) = (["\"other\""], ["5", "true"])
        }
    }

    /// The last word of its path.
    var key: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// A settings file with only this value, under `key`.
    func file(_ value: String, key: String? = nil) -> String {
        var text = "\"\(key ?? self.key)\": \(value)"
        // Of this one pair of settings, each limits the other.
        if path == "drain.spread" { text += ", \"deadline\": 3600" }
        if path == "drain.deadline" { text += ", \"spread\": 0" }
        for section in path.split(separator: ".").dropLast().reversed() { text = "\"\(section)\": {\(text)}" }
        return "{\(text)}"
    }
}
