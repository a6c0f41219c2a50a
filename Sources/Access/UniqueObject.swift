/// A JSON object whose members each stand there once: a token's header and claims, a key, what is asked of a ticket.
internal import Primitives

/// Of two members of one name, readers take the first or the last, and then disagree (RFC 7519 §4 lets them be refused).
package struct UniqueObject {
    let text: [UInt8]
    private let members: [(name: [UInt8], value: Range<Int>)]

    /// More would take time to compare with each other, and no token needs them.
    private static let memberLimit = 200

    /// Nil where the text is no such object.
    package init?(_ text: [UInt8]) {
        guard let members = Self.members(of: text.span) else { return nil }
        self.text = text
        self.members = members
    }

    private static func members(of text: Span<UInt8>) -> [(name: [UInt8], value: Range<Int>)]? {
        var members: [(name: [UInt8], value: Range<Int>)] = []
        var names: Set<[UInt8]> = []
        do {
            _ = try UTF8Span(validating: text)
            var scanner = JSONScanner(text)
            try scanner.enterObject()
            while let name = try scanner.nextMember() {
                guard let decoded = name.decoded(in: text), names.insert(decoded).inserted,
                    members.count < memberLimit
                else { return nil }
                members.append((decoded, try scanner.value()))
            }
            try scanner.end()
        } catch {
            return nil
        }
        return members
    }

    package func has(_ name: StaticString) -> Bool { range(of: name) != nil }

    func has(_ name: String) -> Bool { range(of: Array(name.utf8)) != nil }

    private func range(of name: StaticString) -> Range<Int>? {
        members.first { $0.name.span.equals(name) }?.value
    }

    private func range(of name: [UInt8]) -> Range<Int>? { members.first { $0.name == name }?.value }

    // MARK: Values. Each is nil where the member is missing, and throws where it is of another kind.

    package struct WrongKind: Error {}

    func string(_ name: StaticString) throws(WrongKind) -> [UInt8]? {
        guard let range = range(of: name) else { return nil }
        return try Self.string(text.span.extracting(range))
    }

    /// A string that is compared with names that the configuration or an RFC has, byte for byte.
    package func text(_ name: StaticString) throws(WrongKind) -> String? {
        try string(name).map { String(decoding: $0, as: UTF8.self) }
    }

    package func number(_ name: StaticString) throws(WrongKind) -> Double? {
        guard let range = range(of: name) else { return nil }
        do {
            var scanner = JSONScanner(text.span.extracting(range))
            return try scanner.number()
        } catch {
            throw WrongKind()
        }
    }

    func boolean(_ name: StaticString) throws(WrongKind) -> Bool? {
        guard let range = range(of: name) else { return nil }
        do {
            var scanner = JSONScanner(text.span.extracting(range))
            return try scanner.boolean()
        } catch {
            throw WrongKind()
        }
    }

    /// The strings of an array, or the one string that stands in its place.
    package func strings(_ name: StaticString) throws(WrongKind) -> [[UInt8]]? {
        guard let range = range(of: name) else { return nil }
        return try Self.strings(text.span.extracting(range))
    }

    func strings(_ name: String) throws(WrongKind) -> [[UInt8]]? {
        guard let range = range(of: Array(name.utf8)) else { return nil }
        return try Self.strings(text.span.extracting(range))
    }

    func object(_ name: String) throws(WrongKind) -> UniqueObject? {
        guard let range = range(of: Array(name.utf8)) else { return nil }
        guard let object = UniqueObject(text.span.extracting(range).array) else { throw WrongKind() }
        return object
    }

    /// The objects of an array; what is no object in it is left out.
    func objects(_ name: StaticString) throws(WrongKind) -> [UniqueObject]? {
        guard let range = range(of: name) else { return nil }
        return try Self.elements(text.span.extracting(range)).compactMap { UniqueObject($0) }
    }

    private static func string(_ text: Span<UInt8>) throws(WrongKind) -> [UInt8] {
        do {
            var scanner = JSONScanner(text)
            let string = try scanner.string()
            guard let decoded = string.decoded(in: text) else { throw WrongKind() }
            return decoded
        } catch {
            throw WrongKind()
        }
    }

    private static func strings(_ text: Span<UInt8>) throws(WrongKind) -> [[UInt8]] {
        var scanner = JSONScanner(text)
        if scanner.peek() == .string { return [try string(text)] }
        var strings: [[UInt8]] = []
        for element in try elements(text) { strings.append(try string(element.span)) }
        return strings
    }

    private static func elements(_ text: Span<UInt8>) throws(WrongKind) -> [[UInt8]] {
        do {
            var scanner = JSONScanner(text)
            var elements: [[UInt8]] = []
            try scanner.enterArray()
            while try scanner.nextElement() { elements.append(text.extracting(try scanner.value()).array) }
            return elements
        } catch {
            throw WrongKind()
        }
    }
}
