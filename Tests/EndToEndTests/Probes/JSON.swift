/// A JSON value for tests to look into: a missing member is null all the way down.
import Foundation

struct JSON: CustomStringConvertible {
    private let value: Any?

    init(_ text: String) { self.init(Data(text.utf8)) }

    init(_ bytes: [UInt8]) { self.init(Data(bytes)) }

    init(_ data: Data) {
        do {
            value = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        } catch {
            value = nil
        }
    }

    private init(value: Any?) { self.value = value }

    subscript(name: String) -> JSON { JSON(value: (value as? [String: Any])?[name]) }

    subscript(place: Int) -> JSON {
        let list = list
        return place < list.count ? list[place] : JSON(value: nil)
    }

    var list: [JSON] { (value as? [Any])?.map { JSON(value: $0) } ?? [] }
    var string: String? { value as? String }
    var int: Int? { (value as? NSNumber)?.intValue }
    var double: Double? { (value as? NSNumber)?.doubleValue }
    var bool: Bool? { (value as? NSNumber)?.boolValue }
    var isNull: Bool { value is NSNull }
    /// Whether the member is missing, not even null.
    var isAbsent: Bool { value == nil }
    var names: Set<String> { Set((value as? [String: Any])?.keys.map { $0 } ?? []) }

    var description: String { value.map { "\($0)" } ?? "(nothing)" }
}
