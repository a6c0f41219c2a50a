package import Primitives

/// Writes frames straight into a connection's outgoing buffer (RFC 6455 §5.2).
///
/// A payload that is made piece by piece goes between `beginFrame` and `endFrame`. Only at the end is its length
/// known, and so its header's. `beginFrame` therefore leaves room for the header of the expected length, and
/// `endFrame` moves the payload only if the guess was wrong: at most 125 bytes if it came out small, or everything by
/// six bytes if it exceeds 64 KiB. The first byte of the room holds the guess, so no other state is needed.
extension ByteBuffer {
    /// Begins a frame; the payload is appended next. Nothing may be consumed from the buffer before `endFrame`.
    ///
    /// - Parameter expectedByteCount: the payload's likely length. The usual batch of updates has between 126 bytes
    ///   and 64 KiB, and so a header of four bytes.
    /// - Returns: where the frame begins, for `endFrame`.
    package mutating func beginFrame(expectedByteCount: Int = 1_024, isMasked: Bool = false) -> Int {
        let start = count
        let room = headerByteCount(payloadByteCount: expectedByteCount, isMasked: isMasked)
        append(UInt8(truncatingIfNeeded: room))
        for _ in 1..<room { append(0) }
        return start
    }

    /// Ends the frame that began at `start`: puts the shortest possible header before its payload.
    ///
    /// - Parameters:
    /// - isCompressed: the payload came out of a `Deflater`; only on the first frame of a message.
    ///   - isFinal: no continuation follows.
    /// - key: masks the payload in place. A client's frames need it; a server's must not have it.
    package mutating func endFrame(
        _ start: Int, opcode: Opcode, isCompressed: Bool = false, isFinal: Bool = true, key: MaskKey? = nil
    ) {
        let room = Int(bytes[start])
        let payloadByteCount = count - start - room
        let needed = headerByteCount(payloadByteCount: payloadByteCount, isMasked: key != nil)
        if needed != room { movePayload(at: start + room, to: start + needed, payloadByteCount) }

        var header = FrameHeaderBytes(payloadByteCount: payloadByteCount, isMasked: key != nil)
        header.setFirst(opcode: opcode, isCompressed: isCompressed, isFinal: isFinal)
        let payload = start + needed..<count
        unsafe header.withBytes(key) { unsafe overwrite(at: start, with: $0) }
        if let key { unsafe Masking.apply(key, to: writable(payload)) }
    }

    /// Appends a whole frame.
    package mutating func append(
        frame opcode: Opcode, payload: Span<UInt8>, isCompressed: Bool = false, isFinal: Bool = true,
        key: MaskKey? = nil
    ) {
        var header = FrameHeaderBytes(payloadByteCount: payload.count, isMasked: key != nil)
        header.setFirst(opcode: opcode, isCompressed: isCompressed, isFinal: isFinal)
        reserve(FrameHeader.maximumByteCount + payload.count)
        unsafe header.withBytes(key) { unsafe append($0) }
        let start = count
        append(payload)
        if let key { unsafe Masking.apply(key, to: writable(start..<count)) }
    }

    /// Appends a close frame. Without a code it is empty and has no reason. A reason of more than 123 bytes is cut at
    /// the end of a character.
    package mutating func append(closeFrame code: CloseCode?, reason: String = "", key: MaskKey? = nil) {
        let start = beginFrame(expectedByteCount: 2, isMasked: key != nil)
        if let code {
            precondition(code.mayTravel, "close code \(code.rawValue) must not be sent (RFC 6455 §7.4)")
            append(UInt8(code.rawValue >> 8))
            append(UInt8(truncatingIfNeeded: code.rawValue))
            var room = FrameHeader.maximumControlByteCount - 2
            for scalar in reason.unicodeScalars {
                guard let bytes = UTF8.encode(scalar), bytes.count <= room else { break }
                room -= bytes.count
                for byte in bytes { append(byte) }
            }
        }
        endFrame(start, opcode: .close, key: key)
    }

    /// Moves the payload to where its header ends, and the buffer's end with it. The two ranges may overlap.
    private mutating func movePayload(at origin: Int, to destination: Int, _ byteCount: Int) {
        for _ in 0..<max(0, destination - origin) { append(0) }
        let payload = unsafe UnsafeBufferPointer(rebasing: unsafeBytes[origin..<origin + byteCount])
        unsafe overwrite(at: destination, with: payload)
        if destination < origin { truncate(to: destination + byteCount) }
    }

    /// A range of the buffer's bytes, to change in place; no other buffer shares them.
    private mutating func writable(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UInt8> {
        unsafe UnsafeMutableBufferPointer(mutating: UnsafeBufferPointer(rebasing: unsafeBytes[range]))
    }
}

/// The length of a frame's header: 2, 4 or 10 bytes, and 4 more for a mask.
func headerByteCount(payloadByteCount: Int, isMasked: Bool) -> Int {
    (payloadByteCount < 126 ? 2 : payloadByteCount < 65_536 ? 4 : 10) + (isMasked ? 4 : 0)
}

/// The bytes of a header in two registers, the first byte lowest.
private struct FrameHeaderBytes {
    private(set) var words: (UInt64, UInt64)
    let byteCount: Int

    init(payloadByteCount: Int, isMasked: Bool) {
        byteCount = headerByteCount(payloadByteCount: payloadByteCount, isMasked: isMasked)
        let mask: UInt64 = isMasked ? 0x8000 : 0
        let length = UInt64(payloadByteCount)
        if length < 126 {
            words = (mask | length << 8, 0)
        } else if length < 65_536 {
            words = (mask | 126 << 8 | (length >> 8) << 16 | (length & 0xFF) << 24, 0)
        } else {
            let bigEndian = length.byteSwapped
            words = (mask | 127 << 8 | bigEndian << 16, bigEndian >> 48)
        }
    }

    mutating func setFirst(opcode: Opcode, isCompressed: Bool, isFinal: Bool) {
        words.0 |= UInt64(opcode.rawValue) | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
    }

    /// Passes the bytes to `body`, the mask behind the length.
    func withBytes(_ key: MaskKey?, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var memory = (words.0.littleEndian, words.1.littleEndian)
        unsafe withUnsafeMutableBytes(of: &memory) { raw in
            if let key {
                let bits = key.bits.littleEndian
                unsafe raw.storeBytes(of: bits, toByteOffset: byteCount - 4, as: UInt32.self)
            }
            let bytes = unsafe raw.assumingMemoryBound(to: UInt8.self)
            unsafe body(UnsafeBufferPointer(rebasing: bytes[..<byteCount]))
        }
    }
}
