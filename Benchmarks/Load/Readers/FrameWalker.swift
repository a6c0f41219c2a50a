/// Finds the pings in a server's bytes, cut anywhere: a real client answers them.

/// Servers do not mask (RFC 6455 §5.1), so a frame is a head of 2, 4 or 10 bytes and its payload.
struct FrameWalker {
    private var head: InlineArray<10, UInt8> = InlineArray(repeating: 0)
    private var headCount = 0
    /// Bytes of the current frame's payload that are still to come.
    private var remaining = 0
    private var isPing = false
    private var payload: [UInt8] = []

    /// Walks on, and calls `answer` with the payload of each complete ping.
    mutating func walk(_ bytes: UnsafeBufferPointer<UInt8>, answer: ([UInt8]) -> Void) {
        var place = 0
        while place < bytes.count {
            if remaining > 0 {
                let count = min(remaining, bytes.count - place)
                if isPing { payload += bytes[place..<(place + count)] }
                place += count
                remaining -= count
            } else {
                head[headCount] = bytes[place]
                headCount += 1
                place += 1
                guard headCount >= 2, headCount == headByteCount else { continue }
                begin()
            }
            guard remaining == 0, headCount == 0, isPing else { continue }
            answer(payload)
            isPing = false
            payload.removeAll()
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
        isPing = head[0] & 0x0F == 9
        headCount = 0
    }
}
