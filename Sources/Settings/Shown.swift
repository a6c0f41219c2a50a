/// A setting's value as JSON, for people.
internal import Primitives

protocol Shown {
    /// Nil: there is nothing to show.
    var shown: String? { get }
}

extension Int: Shown {
    var shown: String? { "\(self)" }
}

extension Bool: Shown {
    var shown: String? { "\(self)" }
}

extension Double: Shown {
    var shown: String? { plain }

    /// 5, not 5.0.
    var plain: String { Int(exactly: self).map { "\($0)" } ?? "\(self)" }
}

extension Duration: Shown {
    var shown: String? { asSeconds.shown }

    /// Seconds as a number; it may be negative.
    var asSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension String: Shown {
    var shown: String? {
        var quoted = ByteBuffer()
        quoted.append(jsonString: self)
        return quoted.bytes.text
    }
}

extension Array: Shown where Element: Shown {
    var shown: String? { "[\(compactMap(\.shown).joined(separator: ","))]" }
}

extension Dictionary: Shown where Key == String, Value == String {
    var shown: String? {
        let members = sorted { $0.key < $1.key }.map { "\($0.key.shown ?? ""):\($0.value.shown ?? "")" }
        return "{\(members.joined(separator: ","))}"
    }
}

extension Optional: Shown where Wrapped: Shown {
    var shown: String? { flatMap(\.shown) }
}
