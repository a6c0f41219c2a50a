/// Finds the lines of a body that comes in pieces, cut anywhere.
internal import Primitives

/// However small the pieces are, a byte is looked at once, moved when its line does not end in its piece, and moved once
/// more when the line ends.
struct LineJoiner: ~Copyable {
    /// The beginning of a line whose end has not come.
    private var begun = ByteBuffer()
    /// The room of a longer line is given back.
    private static let keptByteCount = 1024
    /// Bytes looked at and bytes moved, for a test that counts them.
    private(set) var stepCount = 0

    /// How long the line is that has no end yet.
    var begunByteCount: Int { begun.count }

    /// Bytes allocated for it.
    var capacity: Int { begun.capacity }

    /// Takes the next piece; nil if no line ends in it. Otherwise `first` is the line that an earlier piece began, empty if
    /// none did, and `others` is where in this piece whole lines stand. All with their line feeds.
    mutating func join(_ piece: Span<UInt8>) -> (first: [UInt8], others: Range<Int>)? {
        stepCount += piece.count
        var end = piece.count
        while end > 0, piece[end - 1] != ASCII.lineFeed { end -= 1 }
        guard end > 0 else {
            keep(piece)
            return nil
        }
        var start = 0
        var first: [UInt8] = []
        if !begun.isEmpty {
            while piece[start] != ASCII.lineFeed { start += 1 }
            start += 1
            keep(piece.extracting(0..<start))
            first = takeRest()
        }
        keep(piece.extracting(end..<piece.count))
        return (first, start..<end)
    }

    /// The line that no line feed ended: the body has.
    mutating func takeRest() -> [UInt8] {
        stepCount += begun.count
        let line = begun.array
        if begun.capacity > Self.keptByteCount { begun = ByteBuffer() } else { begun.removeAll() }
        return line
    }

    private mutating func keep(_ bytes: Span<UInt8>) {
        stepCount += bytes.count
        begun.append(bytes)
    }
}
