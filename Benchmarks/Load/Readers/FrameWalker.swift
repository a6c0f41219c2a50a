/// Finds the short frames in a server's bytes, cut anywhere: pings, which a real client answers, and all other control
/// frames and short messages.

/// Servers do not mask (RFC 6455 §5.1), so a frame is a head of 2, 4 or 10 bytes and its payload.
struct FrameWalker {
    static let text: UInt8 = 1
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10

    /// Every control frame is so short (RFC 6455 §5.5), and so is an answer to a command, and the gateway's welcome.
    private static let shortByteCount = 255

    private var head: InlineArray<10, UInt8> = InlineArray(repeating: 0)
    private var headCount = 0
    /// Bytes of the current frame's payload that are still to come.
    private var remaining = 0
    private var opcode: UInt8 = 0
    private var isShort = false
    private var payload: [UInt8] = []

    /// Walks on, and calls `found` with each short frame that is complete.
    mutating func walk(
        _ bytes: UnsafeBufferPointer<UInt8>, found: (_ opcode: UInt8, _ payload: [UInt8]) -> Void
    ) {
        var place = 0
        while place < bytes.count {
            if remaining > 0 {
                let count = min(remaining, bytes.count - place)
                if isShort { payload += bytes[place..<(place + count)] }
                place += count
                remaining -= count
            } else {
                head[headCount] = bytes[place]
                headCount += 1
                place += 1
                guard headCount >= 2, headCount == headByteCount else { continue }
                begin()
            }
            guard remaining == 0, headCount == 0, isShort else { continue }
            found(opcode, payload)
            isShort = false
            payload.removeAll(keepingCapacity: true)
        }
    }

    private var headByteCount: Int {
        switch head[1] & 0x7F {
        case 126: 4
        case 127: 10
        default: 2
        }
    }

    /// The head is complete.
    private mutating func begin() {
        remaining = Int(head[1] & 0x7F)
        if headCount > 2 {
            remaining = 0
            for place in 2..<headCount { remaining = remaining << 8 | Int(head[place]) }
        }
        opcode = head[0] & 0x0F
        isShort = remaining <= Self.shortByteCount
        headCount = 0
    }
}
