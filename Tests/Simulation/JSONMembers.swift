/// The members of a JSON object as slices of its text.
import Primitives

extension Sequence<UInt8> {
    /// The bytes as text, for messages and comparisons.
    var text: String { String(decoding: Array(self), as: UTF8.self) }
}

struct JSONMembers {
    let text: [UInt8]
    private var members: [(name: JSONString, value: Range<Int>)] = []

    init(_ text: [UInt8]) throws {
        self.text = text
        var scanner = JSONScanner(text.span)
        try scanner.enterObject()
        while let name = try scanner.nextMember() { members.append((name, try scanner.value())) }
        try scanner.end()
    }

    subscript(_ name: StaticString) -> Range<Int>? {
        members.first { $0.name.equals(name, in: text.span) }?.value
    }

    func bytes(_ name: StaticString) -> [UInt8]? {
        self[name].map { Array(text[$0]) }
    }

    /// The member as it reads, `null` where it is missing.
    func raw(_ name: StaticString) -> String {
        self[name].map { text[$0].text } ?? "null"
    }

    func string(_ name: StaticString) -> String? {
        guard let range = self[name], text[range.lowerBound] == ASCII.quote else { return nil }
        return text[(range.lowerBound + 1)..<(range.upperBound - 1)].text
    }

    func number(_ name: StaticString) -> UInt64? {
        self[name].flatMap { Array(text[$0]).span.decimal }
    }

    /// The elements of an array.
    func elements(_ name: StaticString) throws -> [Range<Int>] {
        guard let range = self[name] else { return [] }
        var scanner = JSONScanner(text.span.extracting(range))
        var found: [Range<Int>] = []
        try scanner.enterArray()
        while try scanner.nextElement() {
            let value = try scanner.value()
            found.append(value.lowerBound + range.lowerBound..<value.upperBound + range.lowerBound)
        }
        return found
    }
}
