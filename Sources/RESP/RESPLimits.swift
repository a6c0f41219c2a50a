/// How large a reply may be. Whatever a server says, no more than this is held of one reply.
package struct RESPLimits: Sendable, Equatable {
    /// A line: a simple string, an error or a number, without its end.
    package var lineByteCount: Int
    package var bulkByteCount: Int
    /// All bytes of a reply.
    package var replyByteCount: Int
    /// The elements of all arrays of a reply. An element may take 5 bytes on the wire and some 20 here.
    package var elementCount: Int

    /// Arrays nest so deep. `XREAD`, the deepest that is asked for, nests them five deep.
    package static let depth = 8

    package init(
        lineByteCount: Int = 64 << 10, bulkByteCount: Int = 16 << 20, replyByteCount: Int = 64 << 20,
        elementCount: Int = 1 << 20
    ) {
        self.lineByteCount = lineByteCount
        self.bulkByteCount = bulkByteCount
        self.replyByteCount = replyByteCount
        self.elementCount = elementCount
    }
}
