import Primitives

/// The bytes of a head, owned once, and where its fields are in them. Names compare without case.
package struct HeaderFields: Sendable {
    /// The whole head, from the first byte that the parser was given.
    let bytes: [UInt8]
    private let lines: [FieldLine]

    init(_ head: Span<UInt8>, _ collector: FieldCollector) {
        lines = collector.lines
        var bytes = head.array
        if collector.hasFolds {
            for line in lines {
                for index in line.value
                where bytes[index] == ASCII.carriageReturn || bytes[index] == ASCII.lineFeed {
                    bytes[index] = ASCII.space
                }
            }
        }
        self.bytes = bytes
    }

    /// Whether a field can be called that (RFC 9110 §5.1).
    package static func canBeNamed(_ name: String) -> Bool { Syntax.isToken(Array(name.utf8).span) }

    /// The number of field lines.
    package var count: Int { lines.count }

    /// Every field in the message's order: the name as sent, and the value.
    package var all: [(name: [UInt8], value: [UInt8])] {
        lines.map { (Array(bytes[$0.name]), Array(bytes[$0.value])) }
    }

    /// The value of the first field named `name`, or nil.
    package func first(_ name: StaticString) -> [UInt8]? {
        for line in lines where isNamed(line, name) { return Array(bytes[line.value]) }
        return nil
    }

    /// The values of all fields named `name`, in order.
    package func all(_ name: StaticString) -> [[UInt8]] {
        values(name).map { Array(bytes[$0]) }
    }

    /// The same, of a name that is not known before the program runs.
    package func all(named name: String) -> [[UInt8]] {
        let name = name.utf8.map(ASCII.lowercased)
        return lines.compactMap { line in
            guard line.name.count == name.count,
                zip(line.name, name).allSatisfy({ ASCII.lowercased(bytes[$0]) == $1 })
            else { return nil }
            return Array(bytes[line.value])
        }
    }

    /// Whether a comma-separated field, on any number of lines, lists `token` in any case.
    package func hasToken(_ token: StaticString, in name: StaticString) -> Bool {
        let span = bytes.span
        for line in lines where isNamed(line, name) {
            var elements = ListCursor(line.value)
            while let element = elements.next(in: span) {
                if ASCII.equalIgnoringCase(span.extracting(element), token) { return true }
            }
        }
        return false
    }

    /// Where the values of all fields named `name` are.
    func values(_ name: StaticString) -> [Range<Int>] {
        var values: [Range<Int>] = []
        for line in lines where isNamed(line, name) { values.append(line.value) }
        return values
    }

    /// Whether the connection may serve another message after this one (RFC 9112 §9.3).
    func isPersistent(_ version: HTTPVersion) -> Bool {
        if hasToken("close", in: "Connection") { return false }
        return version == .http11 || hasToken("keep-alive", in: "Connection")
    }

    private func isNamed(_ line: FieldLine, _ name: StaticString) -> Bool {
        line.name.count == name.utf8CodeUnitCount
            && ASCII.equalIgnoringCase(bytes.span.extracting(line.name), name)
    }
}
