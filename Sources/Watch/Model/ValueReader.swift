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
    static func number(at path: MemberPath, in text: Span<UInt8>) -> Double? {
        guard let found = find(path, in: text), let range = numberRange(found, in: text) else { return nil }
        return decimal(text.extracting(range))
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

    // MARK: Numbers

    /// A JSON number as a double. Up to 15 digits and 10²² the quotient of two exact doubles is the nearest double;
    /// only other numbers need the slow way.
    static func decimal(_ text: Span<UInt8>) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var scale = 0
        var isFraction = false
        var index = 0
        let isNegative = text.count > 0 && text[0] == ASCII.minus
        if isNegative { index = 1 }
        while index < text.count {
            let byte = text[unchecked: index]
            if ASCII.isDigit(byte) {
                mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
                if mantissa > 0 { digits += 1 }
                if isFraction { scale += 1 }
            } else if byte == ASCII.period, !isFraction {
                isFraction = true
            } else {
                return Double(text.text)
            }
            index += 1
        }
        guard digits <= 15, scale < powersOfTen.count else { return Double(text.text) }
        let value = Double(mantissa) / powersOfTen[scale]
        return isNegative ? -value : value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
        1e19, 1e20, 1e21, 1e22,
    ]
}
