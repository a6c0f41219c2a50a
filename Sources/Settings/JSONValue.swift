/// One value of a settings file, as a tree: the file is read once, at the start, and its keys are asked for in any
/// order.
internal import Primitives

indirect enum JSONValue {
    struct Member {
        let key: String
        let value: JSONValue
        /// Where the key stands, in bytes from the file's beginning.
        let offset: Int
    }

    /// In the file's order.
    case object([Member])
    case array([JSONValue])
    case string(String)
    /// The digits as written: none is lost before the caller says which type it wants.
    case number(String)
    case boolean(Bool)
    case null

    /// Reads a whole file. The scanner checks it first, so the tree is only ever built from sound text.
    init(parsing text: [UInt8]) throws(JSONFailure) {
        let bytes = text.span
        do {
            _ = try UTF8Span(validating: bytes)
        } catch {
            throw JSONFailure(offset: error.byteOffsets.lowerBound, reason: "the text is not UTF-8")
        }
        var check = JSONScanner(bytes)
        _ = try check.value()
        try check.end()
        var scanner = JSONScanner(bytes)
        self = try Self.next(&scanner)
    }

    /// At most `JSONScanner.depthLimit` deep: the first pass has checked that.
    private static func next(_ scanner: inout JSONScanner) throws(JSONFailure) -> JSONValue {
        switch scanner.peek() {
        case .object: return .object(try members(&scanner))
        case .array: return .array(try elements(&scanner))
        case .string:
            let string = try scanner.string()
            return .string(try text(of: string, scanner))
        case .number:
            let range = try scanner.value()
            return .number(scanner.bytes.extracting(range).text)
        case .boolean: return .boolean(try scanner.boolean())
        case .null, nil:
            _ = try scanner.null()
            return .null
        }
    }

    private static func members(
        _ scanner: inout JSONScanner
    ) throws(JSONFailure) -> [Member] {
        var members: [Member] = []
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            let key = try text(of: name, scanner)
            let offset = name.range.lowerBound - 1
            if members.contains(where: { $0.key == key }) {
                throw JSONFailure(offset: offset, reason: "the key \"\(key)\" stands here twice")
            }
            members.append(Member(key: key, value: try next(&scanner), offset: offset))
        }
        return members
    }

    private static func elements(_ scanner: inout JSONScanner) throws(JSONFailure) -> [JSONValue] {
        var elements: [JSONValue] = []
        try scanner.enterArray()
        while try scanner.nextElement() { elements.append(try next(&scanner)) }
        return elements
    }

    private static func text(
        of string: JSONString, _ scanner: borrowing JSONScanner
    ) throws(JSONFailure) -> String {
        guard let decoded = string.decoded(in: scanner.bytes) else {
            throw JSONFailure(
                offset: string.range.lowerBound - 1, reason: "the string names half of a surrogate pair")
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension JSONValue {
    /// The found value for a message: the value itself where it is short, and its kind.
    var found: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string(let text): "\"\(abridged(text))\" (a string)"
        case .number(let digits): "\(abridged(digits)) (a number)"
        case .boolean(let isTrue): "\(isTrue)"
        case .null: "null"
        }
    }
}

/// The text, cut to a length that suits a message.
func abridged(_ text: String) -> String {
    text.count > 60 ? text.prefix(60) + "…" : text
}
