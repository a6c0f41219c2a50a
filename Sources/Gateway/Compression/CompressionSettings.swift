/// Whether and how `updates` messages are compressed for WebSocket clients that offer it (RFC 7692).
package struct CompressionSettings: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        /// Every offer is declined.
        case off
        /// Every offer is accepted and every message that is large enough is compressed.
        case on
        /// As `on`, as long as compressing takes no more than its share of the loop's time; beyond that messages
        /// go uncompressed, so that load costs bandwidth rather than delay.
        case auto
    }

    package var mode = Mode.auto
    /// Messages below this go as they are. 256 bytes: two quotes. What zlib takes for the first one it would not
    /// win back in a segment that is sent anyway.
    package var minimumByteCount = 256
    /// 1 (fast) to 9 (small). On batches of quotes level 3 saves nearly all that level 6 does in two thirds of
    /// the time (`swift run -c release CodecBenchmarks`).
    package var level = 3
    /// Whether each connection keeps a compressor with its history: smaller messages, for up to 256 KiB of memory
    /// a connection, and no message compressed for one serves another.
    package var contextTakeover = false
    /// The largest window of the gateway's compressor, 8 to 15: 2^15 bytes is all that deflate knows.
    package var windowBits = 15
    /// `auto`: the share of a loop's time that compressing may take.
    package var timeShare = 0.25

    package init() {}
}
