/// Finds members in a value's JSON on demand, because most values are replaced unseen.
internal import Primitives

enum ValueReader {
    /// A member's place in the value's text.
    struct Found: Equatable {
        let kind: JSONKind
        let range: Range<Int>
    }

    /// The member at `path` of the value `text`; nil if it is missing.
    static func find(_ path: MemberPath, in text: Span<UInt8>) -> Found? {
        do {
            var scanner = JSONScanner(text)
            for name in path.names {
                guard scanner.peek() == .object, try enter(name, of: &scanner) else { return nil }
            }
            guard let kind = scanner.peek() else { return nil }
            return Found(kind: kind, range: try scanner.value())
        } catch {
            return nil  // The gateway has checked it. Text that is not JSON has no members.
        }
    }

    /// Steps to the value of the member `name` of the next object.
    private static func enter(_ name: [UInt8], of scanner: inout JSONScanner) throws(JSONFailure) -> Bool {
        let text = scanner.bytes
        try scanner.enterObject()
        while let member = try scanner.nextMember() {
            if matches(member, name, in: text) { return true }
            _ = try scanner.value()
        }
        return false
    }

    private static func matches(_ member: JSONString, _ name: [UInt8], in text: Span<UInt8>) -> Bool {
        if member.hasEscapes { return member.decoded(in: text) == name }
        guard member.range.count == name.count else { return false }
        for index in name.indices where text[member.range.lowerBound + index] != name[index] { return false }
        return true
    }

    /// The number at `path`, even in quotes, as exchanges send prices.
    static func numeral(at path: MemberPath, in text: Span<UInt8>) -> Numeral? {
        guard let found = find(path, in: text), let range = numberRange(found, in: text) else { return nil }
        return Numeral(text.extracting(range))
    }

    /// Where the digits are; nil if it is no number.
    static func numberRange(_ found: Found, in text: Span<UInt8>) -> Range<Int>? {
        switch found.kind {
        case .number: return found.range
        case .string:
            let inner = (found.range.lowerBound + 1)..<(found.range.upperBound - 1)
            var scanner = JSONScanner(text.extracting(inner))
            guard scanner.peek() == .number, scanner.position == 0 else { return nil }
            do {
                return try scanner.value().upperBound == inner.count ? inner : nil
            } catch {
                return nil
            }
        case .object, .array, .boolean, .null: return nil
        }
    }

    /// The numeric members of the object `text`, and of the objects in it.
    static func numericMembers(of text: Span<UInt8>) -> [MemberPath] {
        var found: [MemberPath] = []
        var scanner = JSONScanner(text)
        guard scanner.peek() == .object else { return [] }
        do throws(JSONFailure) {
            try collect(from: &scanner, under: [], into: &found)
        } catch {
            return found
        }
        return found
    }

    /// Two levels: a quote within a book is a column, deeper members are not.
    private static func collect(
        from scanner: inout JSONScanner, under names: [[UInt8]], into found: inout [MemberPath]
    ) throws(JSONFailure) {
        let text = scanner.bytes
        try scanner.enterObject()
        while let member = try scanner.nextMember() {
            let path = names + [member.decoded(in: text) ?? []]
            if scanner.peek() == .object, names.isEmpty {
                try collect(from: &scanner, under: path, into: &found)
                continue
            }
            guard let kind = scanner.peek() else { return }
            let value = Found(kind: kind, range: try scanner.value())
            if numberRange(value, in: text) != nil { found.append(MemberPath(names: path)) }
        }
    }
}
