package import Primitives

/// Writing chunks of a body (RFC 9112 §7.1) into a buffer before their sizes are known.
extension ByteBuffer {
    /// Eight digits, so that every chunk size takes the same room; leading zeros are legal.
    private static var chunkDigitCount: Int { 8 }
    private static var chunkHeadByteCount: Int { chunkDigitCount + 2 }

    /// Reserves the size line of a chunk, whose content is appended next; returns where the line starts.
    ///
    /// Nothing may be consumed from the buffer before `endChunk`.
    package mutating func beginChunk() -> Int {
        let start = count
        append("00000000\r\n")
        return start
    }

    /// Ends the chunk, and writes the size of its content. A chunk without content would end the body, so it is
    /// removed.
    package mutating func endChunk(_ start: Int) {
        let size = count - start - Self.chunkHeadByteCount
        precondition(size >= 0 && size <= 0xFFFF_FFFF, "a chunk ended that never began, or beyond 4 GiB")
        guard size > 0 else { return truncate(to: start) }
        overwrite(at: start, hexadecimal: UInt64(size), digitCount: Self.chunkDigitCount)
        append("\r\n")
    }

    /// Ends a chunked body, without trailers.
    package mutating func appendLastChunk() {
        append("0\r\n\r\n")
    }
}
