internal import CZlib
internal import Primitives

/// Decompresses messages (RFC 7692 §7.2.2). Owns one zlib stream: 7 KiB, and the window it has seen so far.
///
/// Without history between messages, one inflater serves all connections of a loop in turn.
@safe
package final class Inflater {
    /// The result of one step.
    enum Outcome {
        /// More output is ready.
        case more
        /// All input is used up.
        case drained
        case corrupt
    }

    /// The window: 256 bytes to 32 KiB, as a power of two. It may be wider than the compressor's.
    package let windowBits: Int
    /// Allocated apart, because zlib's state points back at the stream.
    private let stream: UnsafeMutablePointer<z_stream>
    /// The last block of a compressed run was read (BFINAL); the next byte begins another run (RFC 7692 §7.2.3.4).
    private var hasEnded = false
    private var isAtTail = false
    private(set) var isBetweenBlocks = true

    /// The end of a sync flush, which the sender removed (RFC 7692 §7.2.1). Never freed.
    private nonisolated(unsafe) static let tail: UnsafeMutableBufferPointer<UInt8> = {
        let tail = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4)
        _ = unsafe tail.initialize(from: [0x00, 0x00, 0xFF, 0xFF])
        return unsafe tail
    }()

    /// What zlib holds for it.
    package var byteCount: Int { 7 * 1024 + (1 << windowBits) }

    package init(windowBits: Int = 15) {
        precondition((8...15).contains(windowBits), "a window of 2^\(windowBits) bytes")
        self.windowBits = windowBits
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Negative means raw deflate without a header. A compressor that promised 256 bytes may be zlib's, which uses
        // 512.
        let status = unsafe inflateInit2_(
            stream, -Int32(max(windowBits, 9)), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot make an inflater (\(status)): out of memory?")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Forgets all history and the rest of an unfinished message.
    package func reset() {
        unsafe inflateReset(stream)
        hasEnded = false
        isAtTail = false
    }

    /// Points at the next compressed bytes, which must stay there until `drained`.
    func begin(_ input: UnsafeBufferPointer<UInt8>) {
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(input.count)
        isAtTail = false
    }

    /// Goes on with the four bytes that the sender removed from the message's end. False if the message ended with a
    /// final block, because then those bytes end nothing.
    func beginTail() -> Bool {
        if hasEnded {
            isBetweenBlocks = true
            return false
        }
        unsafe begin(UnsafeBufferPointer(Self.tail))
        isAtTail = true
        return true
    }

    /// Decompresses into `output` until it holds `limit` bytes, the input is used up, or zlib stops at a block's end.
    func inflate(into output: inout ByteBuffer, limit: Int) -> Outcome {
        if hasEnded, unsafe stream.pointee.avail_in > 0 {
            unsafe inflateResetKeep(stream)  // A new run of blocks, the same window.
            hasEnded = false
        }
        var status = Z_OK
        // A small step first, so that small messages get small buffers; doubled afterwards.
        let allowed = limit - output.count
        let room = min(allowed, max(256, Int(unsafe stream.pointee.avail_in) * 2, output.count))
        _ = unsafe output.appendUnsafe(upTo: room) { free in
            let offered = min(free.count, allowed)
            unsafe stream.pointee.next_out = free.baseAddress
            unsafe stream.pointee.avail_out = UInt32(offered)
            status = unsafe CZlib.inflate(stream, isAtTail ? Z_BLOCK : Z_SYNC_FLUSH)
            return offered - Int(unsafe stream.pointee.avail_out)
        }
        return outcome(of: status)
    }

    private func outcome(of status: Int32) -> Outcome {
        let isDrained = unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
        // Bit 7: the decoder is before a block's header. Bits 0 to 5: how many bits it has read beyond. zlib says
        // both only with Z_BLOCK (zlib.h).
        isBetweenBlocks = unsafe stream.pointee.data_type & (128 | 63) == 128
        switch status {
        case Z_STREAM_END:
            hasEnded = true
            isBetweenBlocks = true
            return unsafe stream.pointee.avail_in == 0 ? .drained : .more
        case Z_OK: return isDrained ? .drained : .more
        case Z_BUF_ERROR: return isDrained ? .drained : .corrupt
        default: return .corrupt
        }
    }
}
