/// Where a reader's updates go: a connection of the loop, and a stream of it where its protocol has several.
///
/// Connections' numbers are used again, so the key names the generation too: what was meant for a connection that is gone
/// never reaches the one that came after it.
package struct ReaderKey: Sendable, Hashable {
    /// 24 bits for the connection, 24 for the generation, 16 for the stream: a subscriber has eight bytes for it.
    private var packed: UInt64

    /// A loop can't have more connections than this.
    package static let connectionLimit: UInt32 = 1 << 24

    package init(connection: UInt32, generation: UInt32, stream: UInt16 = 0) {
        precondition(connection < Self.connectionLimit, "a connection's number has 24 bits")
        packed =
            UInt64(connection) << 40 | UInt64(generation & (Self.connectionLimit - 1)) << 16 | UInt64(stream)
    }

    package var connection: UInt32 { UInt32(truncatingIfNeeded: packed >> 40) }

    /// Counts the connections that had the number, modulo 2^24.
    package var generation: UInt32 { UInt32(truncatingIfNeeded: packed >> 16) & (Self.connectionLimit - 1) }

    /// Counts within the connection; 0 where the protocol knows no streams.
    package var stream: UInt16 { UInt16(truncatingIfNeeded: packed) }

    /// The connection's next life.
    package var next: ReaderKey { ReaderKey(connection: connection, generation: generation &+ 1) }

    /// The same connection's stream of that number.
    package func on(stream: UInt16) -> ReaderKey {
        var key = self
        key.packed = packed & ~0xFFFF | UInt64(stream)
        return key
    }
}
