/// The receiving half of one connection: frames in, messages out (RFC 6455 §5 and §6.2, RFC 7692).
///
/// The caller reads from the socket into a buffer that all connections of a loop share. It takes steps until the
/// reader waits:
///
///     while true {
///         let step = try reader.next(rest)
///         if step.isWaiting { break }
///         handle(step.event)
///         rest = rest[step.consumed...]
///     }
///     keep(rest)        // never more than 131 bytes: a header, or a control frame that is not whole
///
/// A message that is whole in the input is unmasked and checked in place, without a copy or an allocation. Only a
/// fragmented, cut or compressed message is collected. Its memory exists from its first piece to the step after its
/// last one. So an idle connection costs the bytes of this struct and no heap.
package struct MessageReader: ~Copyable {
    private let limits: MessageLimits
    private let role: EndpointRole
    /// The window of the peer's compressor; 0 without compression.
    private let windowBits: UInt8
    /// The peer compresses each message on its own (RFC 7692 §7.1.1).
    private let forgetsContext: Bool
    /// A close frame came or a rule was broken: further input is discarded (RFC 6455 §7.1.7).
    private var isFinished = false
    /// The message that is being collected, or that the previous step delivered.
    private var assembly: MessageAssembly?
    /// The history of earlier messages, if the peer's compressor keeps one.
    private var inflater: Inflater?

    package init(
        role: EndpointRole, limits: MessageLimits = MessageLimits(),
        compression: PerMessageDeflate.Agreement? = nil
    ) {
        self.role = role
        self.limits = limits
        switch (compression, role) {
        case (nil, _):
            windowBits = 0
            forgetsContext = true
        case (let agreement?, .server):
            windowBits = UInt8(agreement.clientMaxWindowBits)
            forgetsContext = agreement.clientNoContextTakeover
        case (let agreement?, .client):
            windowBits = UInt8(agreement.serverMaxWindowBits)
            forgetsContext = agreement.serverNoContextTakeover
        }
    }

    /// The message of the last `.assembledMessage`, until the next step.
    package var message: Span<UInt8> {
        @_lifetime(borrow self) get {
            guard let assembly else { return Span() }
            let bytes = unsafe Span(_unsafeElements: assembly.message)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }

    /// Whether a message has begun but not ended.
    package var isInMessage: Bool {
        guard let assembly else { return false }
        return !assembly.isWhole
    }

    /// Bytes held for the message that is being collected, and by the inflater of its own.
    package var heldByteCount: Int {
        guard let assembly else { return inflater?.byteCount ?? 0 }
        return assembly.capacity + ((inflater ?? assembly.inflater)?.byteCount ?? 0)
    }

    /// Frees the last assembled message now, not at the next step.
    package mutating func releaseMessage() {
        if let assembly, assembly.isWhole { self.assembly = nil }
    }

    /// Takes the next step into `input`: the connection's bytes that no step has consumed yet.
    ///
    /// Unmasks payloads in place, and only those it consumes. After a failure or the peer's close frame it consumes
    /// all further input without an event.
    ///
    /// - Parameter shared: an inflater that the connections of a loop share, for messages that need no history and
    ///   are whole in the input. Without one, each such message gets an inflater of its own while it is read.
    package mutating func next(
        _ input: UnsafeMutableBufferPointer<UInt8>, sharing shared: Inflater? = nil
    ) throws(WebSocketFailure) -> ReadStep {
        releaseMessage()
        guard !isFinished else { return ReadStep(consumed: input.count) }
        do {
            return unsafe try step(input, shared)
        } catch {
            isFinished = true
            assembly = nil
            inflater = nil
            throw error
        }
    }

    private mutating func step(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ shared: Inflater?
    ) throws(WebSocketFailure) -> ReadStep {
        if let assembly, assembly.isInFrame {
            return unsafe try collect(into: assembly, from: input, at: 0)
        }
        let expectation = FrameHeader.Expectation(
            role: role, isContinuing: assembly != nil, allowsCompression: windowBits != 0)
        guard let header = unsafe try FrameHeader.parse(input, expecting: expectation) else {
            return .needsMore
        }
        if header.opcode.isControl { return unsafe try controlFrame(header, input) }

        let isWhole = header.payloadByteCount <= input.count &- header.byteCount
        if isWhole, header.isFinal, !header.isCompressed, assembly == nil {
            return unsafe try wholeMessage(header, input)
        }
        let present = assembly ?? makeAssembly(for: header, sharing: isWhole && header.isFinal ? shared : nil)
        try present.beginFrame(header)
        return unsafe try collect(into: present, from: input, at: header.byteCount)
    }

    /// A message of one frame, uncompressed and whole in the input: the usual case.
    private func wholeMessage(
        _ header: FrameHeader, _ input: UnsafeMutableBufferPointer<UInt8>
    ) throws(WebSocketFailure) -> ReadStep {
        guard header.payloadByteCount <= limits.messageByteCount else {
            throw .oversizedMessage(limit: limits.messageByteCount)
        }
        let end = header.byteCount &+ header.payloadByteCount
        let range = header.byteCount..<end
        let payload = unsafe UnsafeMutableBufferPointer(rebasing: input[range])
        unsafe Masking.apply(header.key, to: payload)
        if header.opcode == .text, unsafe !UTF8Validator.isValid(UnsafeBufferPointer(payload)) {
            throw .invalidText
        }
        return ReadStep(consumed: end, event: .message(header.opcode, range))
    }

    /// Makes the assembly that collects a message.
    private mutating func makeAssembly(
        for header: FrameHeader, sharing shared: Inflater?
    ) -> MessageAssembly {
        let made = MessageAssembly(
            opcode: header.opcode, limits: limits,
            inflater: header.isCompressed ? inflaterForMessage(sharing: shared) : nil)
        assembly = made
        return made
    }

    private mutating func inflaterForMessage(sharing shared: Inflater?) -> Inflater {
        if let inflater { return inflater }
        if forgetsContext {
            guard let shared, shared.windowBits >= windowBits else {
                return Inflater(windowBits: Int(windowBits))
            }
            shared.reset()
            return shared
        }
        let kept = Inflater(windowBits: Int(windowBits))
        inflater = kept
        return kept
    }

    private func collect(
        into assembly: MessageAssembly, from input: UnsafeMutableBufferPointer<UInt8>, at offset: Int
    ) throws(WebSocketFailure) -> ReadStep {
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: input[offset...])
        let taken = unsafe try assembly.collect(rest)
        let event: ReadEvent? = assembly.isWhole ? .assembledMessage(assembly.opcode) : nil
        return ReadStep(consumed: offset &+ taken, event: event)
    }

    /// Takes a control frame whole or not at all: the caller keeps its few bytes until the last one comes.
    private mutating func controlFrame(
        _ header: FrameHeader, _ input: UnsafeMutableBufferPointer<UInt8>
    ) throws(WebSocketFailure) -> ReadStep {
        let end = header.byteCount &+ header.payloadByteCount
        guard end <= input.count else { return .needsMore }
        let range = header.byteCount..<end
        unsafe Masking.apply(header.key, to: UnsafeMutableBufferPointer(rebasing: input[range]))
        switch header.opcode {
        case .ping: return ReadStep(consumed: end, event: .ping(range))
        case .pong: return ReadStep(consumed: end, event: .pong(range))
        case .close, .continuation, .text, .binary:
            let event = unsafe try closeFrame(range, of: input)
            isFinished = true
            assembly = nil
            inflater = nil
            return ReadStep(consumed: end, event: event)
        }
    }

    /// Checks the body of a close frame: nothing, or a code that may travel and a reason in UTF-8
    /// (RFC 6455 §5.5.1, §7.4).
    private func closeFrame(
        _ range: Range<Int>, of input: UnsafeMutableBufferPointer<UInt8>
    ) throws(WebSocketFailure) -> ReadEvent {
        guard !range.isEmpty else { return .close(code: nil, reason: range) }
        guard range.count >= 2 else { throw .truncatedCloseCode }
        let code = unsafe UInt16(input[range.lowerBound]) &<< 8 | UInt16(input[range.lowerBound &+ 1])
        guard CloseCode(rawValue: code).mayTravel else { throw .invalidCloseCode(code) }
        let reason = range.lowerBound &+ 2..<range.upperBound
        guard unsafe UTF8Validator.isValid(UnsafeBufferPointer(rebasing: input[reason])) else {
            throw .invalidCloseReason
        }
        return .close(code: code, reason: reason)
    }
}
