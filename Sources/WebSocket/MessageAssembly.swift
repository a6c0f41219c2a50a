internal import Primitives

/// Collects one message from several reads or frames, or decompresses it. It exists only while a reader has such a
/// message.
final class MessageAssembly {
    let opcode: Opcode
    private let limits: MessageLimits
    /// Present for a compressed message.
    let inflater: Inflater?
    private var bytes = ByteBuffer()
    private var validator = UTF8Validator()
    /// Bytes that the frames declared so far. They have a limit of their own: compressed input can be far from
    /// `bytes` in size.
    private var wireByteCount = 0
    private var frameCount = 0

    /// The current frame: how much of its payload is missing, and the key rotated to the first missing byte.
    private var missingByteCount = 0
    private var key = MaskKey(bits: 0)
    private var isLastFrame = false
    private(set) var isInFrame = false
    /// The last byte of the last frame has come.
    private(set) var isWhole = false

    init(opcode: Opcode, limits: MessageLimits, inflater: Inflater?) {
        self.opcode = opcode
        self.limits = limits
        self.inflater = inflater
    }

    /// Bytes allocated for the message.
    var capacity: Int { bytes.capacity }

    /// Valid until the assembly changes or goes away.
    var message: UnsafeBufferPointer<UInt8> { unsafe bytes.unsafeBytes }

    /// Prepares for the payload of a frame, or refuses it for what its header declares.
    func beginFrame(_ header: FrameHeader) throws(WebSocketFailure) {
        let wireLimit = limits.wireByteCount(isCompressed: inflater != nil)
        guard header.payloadByteCount <= wireLimit &- wireByteCount else {
            throw .oversizedMessage(limit: limits.messageByteCount)
        }
        guard frameCount < limits.frameCount else { throw .excessiveFragmentation(limit: limits.frameCount) }
        frameCount &+= 1
        wireByteCount &+= header.payloadByteCount
        missingByteCount = header.payloadByteCount
        key = header.key
        isLastFrame = header.isFinal
        isInFrame = true
    }

    /// Takes the current frame's payload from `input`; returns how many bytes that was.
    func collect(_ input: UnsafeMutableBufferPointer<UInt8>) throws(WebSocketFailure) -> Int {
        let taken = min(missingByteCount, input.count)
        let piece = unsafe UnsafeMutableBufferPointer(rebasing: input[..<taken])
        unsafe Masking.apply(key, to: piece)
        key = key.advanced(by: taken)
        missingByteCount &-= taken
        if taken > 0 { unsafe try append(UnsafeBufferPointer(piece)) }
        if missingByteCount == 0 {
            isInFrame = false
            if isLastFrame { try finish() }
        }
        return taken
    }

    private func append(_ piece: UnsafeBufferPointer<UInt8>) throws(WebSocketFailure) {
        if let inflater {
            unsafe inflater.begin(piece)
            return try inflate(with: inflater)
        }
        guard unsafe isText(piece) else { throw .invalidText }
        // Grows with the bytes that came: at most doubles, and never beyond the announced length. A header alone
        // costs no memory.
        bytes.reserve(piece.count + min(missingByteCount, max(bytes.count, piece.count)))
        unsafe bytes.append(piece)
    }

    /// Whether `piece` may come next: text must be UTF-8, binary may be anything.
    private func isText(_ piece: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe opcode != .text || validator.accepts(piece)
    }

    /// Lets the inflater work off its input. Its output is checked before its own failure is reported. So the first
    /// fault in the message is the reported one, however the input was cut.
    private func inflate(with inflater: Inflater) throws(WebSocketFailure) {
        while true {
            let checked = bytes.count
            let outcome = inflater.inflate(into: &bytes, limit: limits.messageByteCount + 1)
            let fresh = unsafe UnsafeBufferPointer(rebasing: bytes.unsafeBytes[checked...])
            guard unsafe isText(fresh) else { throw .invalidText }
            guard bytes.count <= limits.messageByteCount else {
                throw .oversizedMessage(limit: limits.messageByteCount)
            }
            switch outcome {
            case .more: continue
            case .drained: return
            case .corrupt: throw .corruptCompression
            }
        }
    }

    private func finish() throws(WebSocketFailure) {
        if let inflater {
            if inflater.beginTail() { try inflate(with: inflater) }
            guard inflater.isBetweenBlocks else { throw .corruptCompression }
        }
        guard opcode != .text || validator.isComplete else { throw .invalidText }
        isWhole = true
    }
}
