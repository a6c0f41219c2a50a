internal import Primitives

/// One message that is collected from several reads or frames, or decompressed: the part of a reader that exists
/// only while there is such a message.
final class MessageAssembly {
    let opcode: Opcode
    private let limits: MessageLimits
    /// Present for a compressed message.
    private let inflater: Inflater?
    private var bytes = ByteBuffer()
    private var validator = UTF8Validator()
    /// What the frames declared so far; bounded apart from `bytes`, which compression may leave far behind.
    private var wireByteCount = 0
    private var frameCount = 0

    /// The present frame: what of it is still to come, and the key turned to its first byte.
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

    var byteCount: Int { bytes.count }

    /// Valid until the message is added to or let go.
    var message: UnsafeBufferPointer<UInt8> { unsafe bytes.unsafeBytes }

    /// Makes ready for the payload of a frame, or refuses it by what its header declares.
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

    /// Takes what `input` holds of the present frame's payload and returns how many bytes that was.
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
        // By what has come, at most doubled, and never more than is announced: a header alone takes no memory.
        bytes.reserve(piece.count + min(missingByteCount, max(bytes.count, piece.count)))
        unsafe bytes.append(piece)
    }

    /// Whether `piece` may come next, by the rules of this message's kind.
    private func isText(_ piece: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe opcode != .text || validator.accepts(piece)
    }

    /// Lets the inflater work off its input. What it yields is checked before its own complaint is heard, so that
    /// the first fault in the message is the one that is reported, however the input was cut.
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
