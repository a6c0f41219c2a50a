/// The name of a member within a value; dots lead into nested objects: `bid`, `quote.bid`. Empty: the value itself.
package struct MemberPath: Sendable, Hashable, CustomStringConvertible {
    package let names: [[UInt8]]

    package static let whole = MemberPath(names: [])

    package init(_ text: String) {
        names = text.split(separator: ".").map { Array($0.utf8) }
    }

    init(names: [[UInt8]]) {
        self.names = names
    }

    package var description: String {
        names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }

    /// The last name, which shows the kind of number (`usedPercent`, `totalBytes`).
    var lastName: String { names.last.map { String(decoding: $0, as: UTF8.self) } ?? "" }
}
