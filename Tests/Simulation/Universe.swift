/// All topics that there can be, and all that readers ask for.
import Primitives

/// Immutable. A set of patterns is a mask, a bit each, so that who covers what is one operation.
struct Universe: Sendable {
    struct Name: Sendable {
        let text: String
        /// In quotes, as JSON.
        let json: [UInt8]
        /// As a path, percent-encoded.
        let path: String
        /// The patterns that cover it.
        let mask: UInt64
        /// How many updates its log keeps, 0 where it has none: written in the name, `log3/p` keeps three.
        let keeps: Int
    }

    /// The first ones are published most.
    private static let texts = [
        "a/0", "log3/p", "a/1", "b/0", "a/2", "log8/p", "a/0/deep", "b/1", "log1/p", "log3/q", "q/a\"b\\c",
        "q/é", "new/n0", "new/n1", "new/n2", "log3/n0", "a/n0", "new/n3",
    ]
    private static let patternTexts = [
        "**", "a/*", "a/**", "b/*", "*/0", "log3/*", "log8/**", "log1/*", "*/*", "new/*", "q/*", "*/0/deep",
        "a/0", "a/1", "b/0", "log3/p", "log8/p", "q/a\"b\\c", "q/é", "new/n0", "a/n0", "never/there",
    ]
    static let standard = Universe()

    let names: [Name]
    let patterns: [String]
    /// By the bytes of the name in JSON, without quotes.
    private let numbers: [[UInt8]: Int]

    private init() {
        let patterns = Self.patternTexts
        self.patterns = patterns
        names = Self.texts.map { text in
            var mask: UInt64 = 0
            for (number, pattern) in patterns.enumerated() where Self.covers(pattern, text) {
                mask |= 1 << UInt64(number)
            }
            let keeps = text.hasPrefix("log") ? text.dropFirst(3).first?.wholeNumberValue ?? 0 : 0
            return Name(
                text: text, json: Self.quoted(text), path: Self.escaped(text), mask: mask, keeps: keeps)
        }
        numbers = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { (Array($1.json.dropFirst().dropLast()), $0) })
    }

    /// The topic of a name as it stands between quotes in JSON.
    func number(ofQuoted name: ArraySlice<UInt8>) -> Int? { numbers[Array(name)] }

    /// The patterns of a mask, in order.
    func texts(_ mask: UInt64) -> [String] {
        patterns.indices.filter { mask & (1 << UInt64($0)) != 0 }.map { patterns[$0] }
    }

    static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = [ASCII.quote]
        for byte in text.utf8 {
            if byte == ASCII.quote || byte == ASCII.backslash { bytes.append(ASCII.backslash) }
            bytes.append(byte)
        }
        return bytes + [ASCII.quote]
    }

    /// For paths and queries: all but letters, digits, `/`, `-`, `.` and `*`.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if ASCII.isDigit(byte) || ASCII.lowercased(byte) &- 0x61 < 26 || "/-.*_~".utf8.contains(byte) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "%" + String(byte >> 4, radix: 16, uppercase: true)
                result += String(byte & 15, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// A pattern as its definition reads: segments compared one by one.
    private static func covers(_ pattern: String, _ name: String) -> Bool {
        func segments(_ text: String) -> ArraySlice<Substring> {
            text.split(separator: "/", omittingEmptySubsequences: false)[...]
        }
        var (left, right) = (segments(pattern), segments(name))
        while let first = left.popFirst() {
            guard let segment = right.popFirst() else { return false }
            if first == "**" { return true }
            if first != "*", first != segment { return false }
        }
        return right.isEmpty
    }
}
