/// A JSON document of the repository; its leaves are text.
import Foundation

enum Document: Decodable, Sendable {
    case object([String: Document])
    case array([Document])
    /// A leaf, spelled as JSON.
    case literal(String)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let members = try? value.decode([String: Document].self) {
            self = .object(members)
        } else if let elements = try? value.decode([Document].self) {
            self = .array(elements)
        } else if let flag = try? value.decode(Bool.self) {
            self = .literal(flag ? "true" : "false")
        } else if let number = try? value.decode(Double.self) {
            self = .literal(Self.spelled(number))
        } else {
            self = .literal("\"\(try value.decode(String.self))\"")
        }
    }

    /// Spelled as in Swift and in the documents: without a fraction if it is whole.
    static func spelled(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : String(number)
    }

    subscript(_ name: String) -> Document? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var members: [String: Document] {
        guard case .object(let members) = self else { return [:] }
        return members
    }

    var literals: [String] {
        guard case .array(let elements) = self else { return [] }
        return elements.compactMap(\.literal)
    }

    var literal: String? {
        guard case .literal(let text) = self else { return nil }
        return text
    }

    /// A leaf, or a list of leaves, spelled as JSON.
    var spelling: String? {
        guard case .array(let elements) = self else { return literal }
        return literals.count == elements.count ? "[\(literals.joined(separator: ", "))]" : nil
    }

    /// Every leaf and list of leaves by its path, "http.headerBytes". Leaves out everything under `without`.
    func leaves(at path: String = "", without: Set<String>) -> [String: String] {
        var found: [String: String] = [:]
        for (name, member) in members where !without.contains(name) {
            let place = path.isEmpty ? name : "\(path).\(name)"
            found.merge(member.leaves(at: place, without: without)) { $1 }
            found[place] = member.spelling
        }
        return found
    }
}

/// The repository's files, by path.
enum Repository {
    static func text(_ path: String) -> String {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../\(path)")
        do {
            return try String(contentsOf: file, encoding: .utf8)
        } catch {
            fatalError("\(path): \(error)")
        }
    }

    static func document(_ path: String) -> Document {
        do {
            return try JSONDecoder().decode(Document.self, from: Data(text(path).utf8))
        } catch {
            fatalError("\(path): \(error)")
        }
    }
}
