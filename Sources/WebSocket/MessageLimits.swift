/// How large a message a peer may send before the connection is failed with 1009.
package struct MessageLimits: Equatable, Sendable {
    /// Bytes of one message as the application sees it, after decompression. 64 KiB: a command that names a
    /// thousand topics fits, and ten thousand connections in the middle of one still fit in memory.
    package var messageByteCount: Int { Int(storedByteCount) }
    /// Frames of one message. Empty fragments cost no memory, but each costs time and none says anything;
    /// 4,096 is a full message in fragments of 16 bytes.
    package var frameCount: Int { Int(storedFrameCount) }

    /// Each connection has a copy, so it is a small one.
    private let storedByteCount: UInt32
    private let storedFrameCount: UInt32

    package init(messageByteCount: Int = 65_536, frameCount: Int = 4_096) {
        precondition(messageByteCount >= 0 && frameCount > 0, "limits that no message can keep")
        storedByteCount = UInt32(clamping: messageByteCount)
        storedFrameCount = UInt32(clamping: frameCount)
    }

    /// Bytes that the frames of one message may carry together. A compressed message may be larger than what it
    /// holds: by an eighth when every byte becomes a 9-bit fixed code (RFC 1951 §3.2.6), and by its blocks' ends.
    func wireByteCount(isCompressed: Bool) -> Int {
        guard isCompressed else { return messageByteCount }
        let (sum, overflowed) = messageByteCount.addingReportingOverflow(messageByteCount / 8 + 64)
        return overflowed ? .max : sum
    }
}
