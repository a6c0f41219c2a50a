/// How large a message may be before the connection fails with 1009.
package struct MessageLimits: Equatable, Sendable {
    /// Bytes of one message after decompression. 64 KiB fits a command that names a thousand topics, and memory still
    /// fits ten thousand connections in the middle of one.
    package var messageByteCount: Int { Int(storedByteCount) }
    /// Frames of one message. An empty fragment costs no memory, but it costs time and says nothing. 4,096 frames are
    /// a full message in fragments of 16 bytes.
    package var frameCount: Int { Int(storedFrameCount) }

    /// Small, because each connection has a copy.
    private let storedByteCount: UInt32
    private let storedFrameCount: UInt32

    package init(messageByteCount: Int = 65_536, frameCount: Int = 4_096) {
        precondition(messageByteCount >= 0 && frameCount > 0, "limits that no message can keep")
        storedByteCount = UInt32(clamping: messageByteCount)
        storedFrameCount = UInt32(clamping: frameCount)
    }

    /// Bytes that the frames of one message may carry together. Compressed bytes may exceed the message: by an eighth
    /// when every byte becomes a 9-bit fixed code (RFC 1951 §3.2.6), and by the ends of the blocks.
    func wireByteCount(isCompressed: Bool) -> Int {
        guard isCompressed else { return messageByteCount }
        let (sum, overflowed) = messageByteCount.addingReportingOverflow(messageByteCount / 8 + 64)
        return overflowed ? .max : sum
    }
}
