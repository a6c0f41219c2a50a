/// A setting's value as it was given: typed in the file, plain text in an override. Each property is nil where the
/// value is of another kind.
enum GivenValue {
    case file(JSONValue)
    case override(String)

    /// A number's digits.
    var number: String? {
        switch self {
        case .file(.number(let digits)): digits
        case .override(let text): text
        case .file: nil
        }
    }

    var boolean: Bool? {
        switch self {
        case .file(.boolean(let isTrue)): isTrue
        case .override(let text): Bool(text)
        case .file: nil
        }
    }

    var text: String? {
        switch self {
        case .file(.string(let text)), .override(let text): text
        case .file: nil
        }
    }

    var texts: [String]? {
        switch self {
        case .file(.array(let elements)):
            let texts = elements.compactMap { GivenValue.file($0).text }
            return texts.count == elements.count ? texts : nil
        case .override(let text): return text.split(separator: ",").map(trimmed)
        case .file: return nil
        }
    }

    var textMap: [String: String]? {
        var map: [String: String] = [:]
        switch self {
        case .file(.object(let members)):
            for member in members {
                guard case .string(let text) = member.value else { return nil }
                map[member.key] = text
            }
        case .override(let text):
            for part in text.split(separator: ",") {
                guard let equals = part.firstIndex(of: "=") else { return nil }
                map[trimmed(part[..<equals])] = trimmed(part[part.index(after: equals)...])
            }
        case .file: return nil
        }
        return map
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " }
    guard let last = start.lastIndex(where: { $0 != " " }) else { return "" }
    return String(start[...last])
}
