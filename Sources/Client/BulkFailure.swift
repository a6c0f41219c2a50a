/// Why publishing lines has ended before the last one, and how far it came. Numbers are those of the source's lines, from 1.
internal import Primitives

package struct BulkFailure: Error, CustomStringConvertible {
    package let cause: ClientFailure
    /// These were sent, and the connection ended without a word about them. All before them are published.
    package let uncertain: ClosedRange<UInt64>?

    init(_ cause: ClientFailure, uncertain: ClosedRange<UInt64>? = nil) {
        self.cause = cause
        self.uncertain = uncertain
    }

    package var description: String {
        guard let uncertain else { return cause.description }
        let published =
            switch uncertain.lowerBound {
            case 1: "no line is known to be published"
            case 2: "line 1 is published"
            default: "lines 1 to \(uncertain.lowerBound - 1) are published"
            }
        return "\(cause); \(published), \(Self.named(uncertain)) may or may not be"
    }

    private static func named(_ lines: ClosedRange<UInt64>) -> String {
        lines.count == 1 ? "line \(lines.lowerBound)" : "lines \(lines.lowerBound) to \(lines.upperBound)"
    }
}
