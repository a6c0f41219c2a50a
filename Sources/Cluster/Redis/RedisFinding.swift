/// Something that is worth knowing of a Redis before it carries a cluster: a sentence, and how much it matters.
package struct RedisFinding: Sendable, Equatable, CustomStringConvertible {
    package enum Weight: String, Sendable, CaseIterable {
        /// The cluster does not work so.
        case fault
        /// It works, but not in every case as one may expect.
        case warning
        case note
    }

    package let weight: Weight
    package let text: String

    init(_ weight: Weight, _ text: String) {
        self.weight = weight
        self.text = text
    }

    package var description: String { "\(weight.rawValue): \(text)" }
}
