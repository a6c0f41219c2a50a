internal import CZlib
package import Primitives

/// Compresses messages (RFC 7692 §7.2.1). Owns one zlib stream, 256 KiB with the default settings.
///
/// Without context it compresses each message as if it were the first. All connections of a loop with the same window
/// can then share it, and the same compressed bytes.
@safe
package final class Deflater {
    package let windowBits: Int
    package let keepsContext: Bool
    /// What zlib holds for it (zconf.h).
    package let byteCount: Int
    /// Allocated apart, because zlib's state points back at the stream.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameters:
    ///   - windowBits: how far back a compressed message may point, as a power of two, 8 to 15.
    ///   - level: 1 (fast) to 9 (small).
    ///   - memoryLevel: 1 to 9; the hash table takes 2^(memoryLevel + 9) bytes.
    package init(windowBits: Int = 15, keepsContext: Bool = false, level: Int = 6, memoryLevel: Int = 8) {
        precondition((8...15).contains(windowBits), "a window of 2^\(windowBits) bytes")
        precondition((1...9).contains(level) && (1...9).contains(memoryLevel), "a level that zlib has not")
        self.windowBits = windowBits
        self.keepsContext = keepsContext
        byteCount = 6 * 1024 + (1 << (windowBits + 2)) + (1 << (memoryLevel + 9))
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // zlib makes no raw stream with a window of 256 bytes. With 512 it never points back further than 512 - 262
        // bytes (deflate.h, MAX_DIST), which fits a window of 256. A test reads it back through one.
        let status = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, -Int32(max(windowBits, 9)), Int32(memoryLevel),
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot make a deflater (\(status)): out of memory?")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends the compressed form of `message`: the payload of one or more frames, with RSV1 on the first.
    package func compress(_ message: Span<UInt8>, into output: inout ByteBuffer) {
        guard message.count > 0 else {
            output.append(0x00)  // An empty block without its last four bytes (RFC 7692 §7.2.3.6).
            return
        }
        unsafe message.withUnsafeBufferPointer { bytes in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(bytes.count)
            flush(into: &output, expectedByteCount: bytes.count / 2 + 64)
        }
        output.truncate(to: output.count - 4)  // 00 00 FF FF: the peer appends it again (RFC 7692 §7.2.1).
        if !keepsContext { unsafe deflateReset(stream) }
    }

    private func flush(into output: inout ByteBuffer, expectedByteCount: Int) {
        // zlib needs more than six bytes of room each time, or it repeats the flush's mark (zlib.h, deflate).
        repeat {
            _ = unsafe output.appendUnsafe(upTo: expectedByteCount) { free in
                unsafe stream.pointee.next_out = free.baseAddress
                unsafe stream.pointee.avail_out = UInt32(clamping: free.count)
                let status = unsafe deflate(stream, Z_SYNC_FLUSH)
                precondition(
                    status == Z_OK || status == Z_BUF_ERROR, "the deflater is in no state to deflate")
                return free.count - Int(unsafe stream.pointee.avail_out)
            }
        } while unsafe stream.pointee.avail_out == 0
    }
}
