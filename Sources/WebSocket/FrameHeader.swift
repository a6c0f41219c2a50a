/// The first 2 to 14 bytes of a frame (RFC 6455 §5.2), read and checked.
struct FrameHeader {
    /// The longest header: 2 bytes, 8 of length, 4 of mask.
    static let maximumByteCount = 14
    /// The most that a control frame carries (RFC 6455 §5.5).
    static let maximumControlByteCount = 125

    let opcode: Opcode
    let isFinal: Bool
    /// RSV1: this frame begins a compressed message (RFC 7692 §6).
    let isCompressed: Bool
    let key: MaskKey
    let payloadByteCount: Int
    /// The bytes of the header itself.
    let byteCount: Int

    /// Which frames may come next.
    struct Expectation {
        /// The end that reads.
        let role: EndpointRole
        /// A message is unfinished and waits for its continuation.
        let isContinuing: Bool
        let allowsCompression: Bool
    }

    /// Nil while the header is incomplete. Each rule is checked as soon as its byte has come, in the order of the
    /// bytes. So a cut in the input never changes which rule refuses it.
    @inline(__always)
    static func parse(
        _ input: UnsafeMutableBufferPointer<UInt8>, expecting expectation: Expectation
    ) throws(WebSocketFailure) -> FrameHeader? {
        guard let base = input.baseAddress, input.count > 0 else { return nil }
        let first = unsafe base[0]
        let opcode = try opcode(of: first, expecting: expectation)
        guard input.count > 1 else { return nil }
        let second = unsafe base[1]
        try checkLengthAndMask(second, of: opcode, role: expectation.role)

        var offset = 2
        var payloadByteCount = Int(second & 0x7F)
        if payloadByteCount >= 126 {
            let width = payloadByteCount == 126 ? 2 : 8
            guard input.count >= 2 &+ width else { return nil }
            unsafe payloadByteCount = try extendedLength(at: base + 2, width: width)
            offset = 2 &+ width
        }
        var key = MaskKey(bits: 0)
        if second & 0x80 != 0 {
            guard input.count >= offset &+ 4 else { return nil }
            let word = unsafe UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            key = MaskKey(bits: UInt32(littleEndian: word))
            offset &+= 4
        }
        return FrameHeader(
            opcode: opcode, isFinal: first & 0x80 != 0, isCompressed: first & 0x40 != 0, key: key,
            payloadByteCount: payloadByteCount, byteCount: offset)
    }

    /// Checks the first byte: reserved bits, opcode, and whether such a frame may come now.
    @inline(__always)
    private static func opcode(
        of byte: UInt8, expecting expectation: Expectation
    ) throws(WebSocketFailure) -> Opcode {
        guard byte & 0x30 == 0 else { throw .reservedBit }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        if byte & 0x40 != 0 {
            let beginsMessage = opcode == .text || opcode == .binary
            guard beginsMessage, expectation.allowsCompression else { throw .reservedBit }
        }
        if opcode.isControl {
            guard byte & 0x80 != 0 else { throw .fragmentedControlFrame }
        } else if (opcode == .continuation) != expectation.isContinuing {
            throw expectation.isContinuing ? .interruptedMessage : .strayContinuation
        }
        return opcode
    }

    @inline(__always)
    private static func checkLengthAndMask(
        _ second: UInt8, of opcode: Opcode, role: EndpointRole
    ) throws(WebSocketFailure) {
        let isMasked = second & 0x80 != 0
        switch role {
        case .server: guard isMasked else { throw .unmaskedFrame }
        case .client: guard !isMasked else { throw .maskedFrame }
        }
        if opcode.isControl, Int(second & 0x7F) > maximumControlByteCount { throw .oversizedControlFrame }
    }

    /// The 16- or 64-bit length, which must be too large for the shorter forms (RFC 6455 §5.2).
    private static func extendedLength(
        at base: UnsafeMutablePointer<UInt8>, width: Int
    ) throws(WebSocketFailure) -> Int {
        var value: UInt64 = 0
        for offset in 0..<width { value = unsafe value &<< 8 | UInt64(base[offset]) }
        guard value <= UInt64(Int64.max) else { throw .negativeLength }
        guard value > (width == 2 ? 125 : 65_535) else { throw .wastefulLength }
        return Int(value)
    }
}
