/// The byte-order mark, U+FEFF, that some programs write before a text. It says nothing about UTF-8, and whoever reads
/// JSON may pass over it (RFC 8259 §8.1): over one, and only where the text begins.

extension Span<UInt8> {
    /// These bytes, without the mark that they may begin with.
    @inlinable public var afterByteOrderMark: Span<UInt8> {
        @_lifetime(copy self) get {
            // Nearly all texts differ from it in their first byte.
            guard count >= 3, self[unchecked: 0] == 0xEF, extracting(0..<3).equals("\u{FEFF}") else {
                return self
            }
            return extracting(3..<count)
        }
    }
}

extension ByteBuffer {
    /// Drops the mark that a text begins with. False as long as only its next bytes can tell whether there is one.
    public mutating func dropByteOrderMark() -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        for index in 0..<min(count, 3) where bytes[index] != mark[index] { return true }
        guard count >= 3 else { return false }
        consume(3)
        return true
    }
}
