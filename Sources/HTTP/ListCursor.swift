import Primitives

/// Walks the elements of a comma-separated value; a comma in a quoted string separates nothing.
struct ListCursor {
    private var position: Int
    private let end: Int
    private var isFinished = false

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next element without white space around it; empty between two adjacent commas.
    mutating func next(in bytes: Span<UInt8>, separator: UInt8 = ASCII.comma) -> Range<Int>? {
        guard !isFinished else { return nil }
        let start = position
        var isQuoted = false
        while position < end, isQuoted || bytes[position] != separator {
            if bytes[position] == ASCII.quote {
                isQuoted.toggle()
            } else if isQuoted, bytes[position] == ASCII.backslash, position + 1 < end {
                position += 1
            }
            position += 1
        }
        let element = start..<position
        if position < end { position += 1 } else { isFinished = true }
        return Syntax.trimmed(element, of: bytes)
    }
}
