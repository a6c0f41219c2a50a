/// Bytes that are no reply, or one that is larger than its limits. Nothing behind them can be read.
package enum RESPFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// No reply begins with this byte.
    case unknownType(UInt8)
    /// A carriage return or a line feed stands alone.
    case malformedLineEnd
    /// A number is none, or does not fit.
    case malformedNumber
    /// No CRLF stands behind a bulk string.
    case malformedBulkEnd
    case lineTooLong(byteCountLimit: Int)
    case bulkTooLong(byteCountLimit: Int)
    case replyTooLong(byteCountLimit: Int)
    case tooManyElements(countLimit: Int)
    case tooDeep(depthLimit: Int)

    package var description: String {
        switch self {
        case .unknownType(let byte):
            "a reply begins with the byte \(byte), which RESP2 does not know; it may be no Redis that answers"
        case .malformedLineEnd: "a line of a reply does not end in CRLF"
        case .malformedNumber: "a number in a reply is none, or does not fit"
        case .malformedBulkEnd: "a string of a reply is not followed by CRLF"
        case .lineTooLong(let limit): "a line of a reply exceeds \(limit) bytes"
        case .bulkTooLong(let limit): "a string of a reply exceeds \(limit) bytes"
        case .replyTooLong(let limit): "a reply exceeds \(limit) bytes"
        case .tooManyElements(let limit): "a reply has more than \(limit) elements"
        case .tooDeep(let limit): "the arrays of a reply nest more than \(limit) deep"
        }
    }
}
