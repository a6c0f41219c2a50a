/// What a peer did wrong. The connection cannot go on, and each case knows its close code.
package enum WebSocketFailure: Error, Hashable, Sendable {
    /// A reserved bit has no meaning here: no extension defined it, or RSV1 is not on a message's first frame.
    case reservedBit
    case reservedOpcode
    case unmaskedFrame
    case maskedFrame
    case fragmentedControlFrame
    case oversizedControlFrame
    /// The length is not in its shortest form.
    case wastefulLength
    /// A 64-bit length with its highest bit set.
    case negativeLength
    case strayContinuation
    case interruptedMessage
    case truncatedCloseCode
    case invalidCloseCode(UInt16)
    case invalidCloseReason
    case invalidText
    case corruptCompression
    case oversizedMessage(limit: Int)
    case excessiveFragmentation(limit: Int)

    package var closeCode: CloseCode {
        switch self {
        case .reservedBit, .reservedOpcode, .unmaskedFrame, .maskedFrame, .fragmentedControlFrame,
            .oversizedControlFrame, .wastefulLength, .negativeLength, .strayContinuation,
            .interruptedMessage, .truncatedCloseCode, .invalidCloseCode:
            .protocolError
        case .invalidCloseReason, .invalidText, .corruptCompression: .invalidPayload
        case .oversizedMessage, .excessiveFragmentation: .messageTooBig
        }
    }

    /// A sentence for the close frame and the log, short enough for both.
    package var reason: String {
        switch self {
        case .reservedBit: "a reserved bit is set"
        case .reservedOpcode: "the opcode is reserved"
        case .unmaskedFrame: "a client must mask its frames"
        case .maskedFrame: "a server must not mask its frames"
        case .fragmentedControlFrame: "a control frame must not be fragmented"
        case .oversizedControlFrame: "a control frame holds at most 125 bytes"
        case .wastefulLength: "the length is not in its shortest form"
        case .negativeLength: "the length has its highest bit set"
        case .strayContinuation: "a continuation without a message to continue"
        case .interruptedMessage: "a new message before the last fragment of the one before"
        case .truncatedCloseCode: "the close frame has half a code"
        case .invalidCloseCode(let code): "\(code) is not a code that a close frame may carry"
        case .invalidCloseReason: "the close reason is not UTF-8"
        case .invalidText: "the text is not UTF-8"
        case .corruptCompression: "the compressed message does not inflate"
        case .oversizedMessage(let limit): "the message is larger than \(limit) bytes"
        case .excessiveFragmentation(let limit): "the message has more than \(limit) fragments"
        }
    }
}
