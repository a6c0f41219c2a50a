import Primitives

/// Where one field line's name and value stand in the bytes of its head.
struct FieldLine: Sendable {
    private let nameStart: UInt32
    private let nameEnd: UInt32
    private var valueStart: UInt32
    private var valueEnd: UInt32

    /// Reads `name: value`; nil for anything else, such as a continued line or white space before the colon (RFC 9112
    /// §5.1).
    init?(_ bytes: Span<UInt8>, _ line: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, Syntax.isTokenByte(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == ASCII.colon else {
            return nil
        }
        let value = Syntax.trimmed((colon + 1)..<line.upperBound, of: bytes)
        nameStart = UInt32(line.lowerBound)
        nameEnd = UInt32(colon)
        valueStart = UInt32(value.lowerBound)
        valueEnd = UInt32(value.upperBound)
    }

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }

    var value: Range<Int> {
        get { Int(valueStart)..<Int(valueEnd) }
        set {
            valueStart = UInt32(newValue.lowerBound)
            valueEnd = UInt32(newValue.upperBound)
        }
    }
}
