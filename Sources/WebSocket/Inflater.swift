internal import CZlib
internal import Primitives

/// Decompresses messages (RFC 7692 §7.2.2): owns one zlib stream, and so 7 KiB and the window that it has seen.
///
/// One that keeps no history between messages serves all connections of a loop, one after the other.
@safe
package final class Inflater {
    /// What one piece of work came to.
    enum Outcome {
        /// There is more to yield.
        case more
        /// All input is used up.
        case drained
        case corrupt
    }

    /// The window: 256 bytes to 32 KiB, as a power of two. It may be wider than that of the compressor.
    package let windowBits: Int
    /// At an address of its own: the stream's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// The last block of a compressed run was read (BFINAL); the next byte begins another (RFC 7692 §7.2.3.4).
    private var hasEnded = false
    private var isAtTail = false
    private(set) var isBetweenBlocks = true

    /// The end of a sync flush, which the sender took off (RFC 7692 §7.2.1). Never freed.
    private nonisolated(unsafe) static let tail: UnsafeMutableBufferPointer<UInt8> = {
        let tail = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4)
        _ = unsafe tail.initialize(from: [0x00, 0x00, 0xFF, 0xFF])
        return unsafe tail
    }()

    package init(windowBits: Int = 15) {
        precondition((8...15).contains(windowBits), "a window of 2^\(windowBits) bytes")
        self.windowBits = windowBits
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Negative: raw deflate, no header. A compressor that promised 256 bytes may be zlib's, which takes 512.
        let status = unsafe inflateInit2_(
            stream, -Int32(max(windowBits, 9)), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot make an inflater (\(status)): out of memory?")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Forgets all history and whatever an unfinished message left behind.
    package func reset() {
        unsafe inflateReset(stream)
        hasEnded = false
        isAtTail = false
    }

    /// Points at the next compressed bytes, which must stay until the work is drained.
    func begin(_ input: UnsafeBufferPointer<UInt8>) {
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(input.count)
        isAtTail = false
    }

    /// Goes on with the four bytes that the sender took off the end of the message; false when there is nothing
    /// that they could end, because the message ended with a final block.
    func beginTail() -> Bool {
        if hasEnded {
            isBetweenBlocks = true
            return false
        }
        unsafe begin(UnsafeBufferPointer(Self.tail))
        isAtTail = true
        return true
    }

    /// Decompresses into `output` until it holds `limit` bytes, the input is used up, or there is a reason to look.
    func inflate(into output: inout ByteBuffer, limit: Int) -> Outcome {
        if hasEnded, unsafe stream.pointee.avail_in > 0 {
            unsafe inflateResetKeep(stream)  // A new run of blocks, the same window.
            hasEnded = false
        }
        var status = Z_OK
        // A small step first, so that small messages get small buffers; then by doubling.
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
        // Bit 7: the decoder stands before a block's header; bits 0 to 5: how many bits it has read beyond it
        // (zlib.h, on Z_BLOCK, with which alone this is said).
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
