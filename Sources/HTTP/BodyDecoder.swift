import Primitives

/// What a decoder found in the bytes it was given.
package struct BodyStep: Sendable, Equatable {
    /// The body's next content, as a range of the given bytes; may be empty.
    package let content: Range<Int>
    /// How many of the given bytes are finished once the content is taken. The caller passes the rest again.
    package let consumed: Int
    /// Whether the body has ended; what follows `consumed` is the next message.
    package let isEnd: Bool

    package init(content: Range<Int>, consumed: Int, isEnd: Bool) {
        self.content = content
        self.consumed = consumed
        self.isEnd = isEnd
    }
}

/// Finds a body's content in bytes that come piece by piece. It buffers nothing: its state is a few words.
///
/// The chunked coding (RFC 9112 §7.1) is read as strictly as heads are, for the same reason: smuggling.
package struct BodyDecoder: Sendable {
    /// A chunk's size line with its extensions. No honest sender is known to send longer ones.
    private static let maximumSizeLineByteCount = 256
    /// The trailer section; the decoder reads and discards it.
    private static let maximumTrailerByteCount = 4096

    private enum State: Sendable, Equatable {
        case content
        case untilClose
        case size
        /// After white space, which only an extension may follow.
        case sizeSpace
        case sizeExtension
        case quoted
        case quotedEscape
        case sizeLineFeed
        case chunk
        case chunkReturn
        case chunkLineFeed
        case trailerStart
        case trailerName
        case trailerValue
        case trailerLineFeed
        case endLineFeed
        case ended
    }

    private var state: State
    private let limit: Int?
    /// Bytes left of the content or of the chunk. While a size line is read: the size so far.
    private var remaining = 0
    /// Content found so far in chunks.
    private var contentByteCount = 0
    /// Bytes of the current size line, or of the trailer section.
    private var lineByteCount = 0
    private var digitCount = 0

    /// A decoder of one body of at most `byteCountLimit` bytes of content; nil sets no limit.
    ///
    /// The first `next` refuses a declared length above the limit, even if it is given no bytes.
    package init(_ framing: BodyFraming, byteCountLimit: Int?) {
        limit = byteCountLimit
        switch framing {
        case .none: state = .ended
        case .length(let length):
            state = .content
            remaining = length
        case .chunked: state = .size
        case .untilClose: state = .untilClose
        }
    }

    /// Whether the body has ended. An `untilClose` body ends with its connection.
    package var isEnded: Bool { state == .ended }

    /// Whether content may come next: nothing of the coding, such as a chunk's size, is half read.
    package var isBetweenPieces: Bool {
        switch state {
        case .content, .untilClose, .chunk, .ended: true
        case .size: lineByteCount == 0
        default: false
        }
    }

    /// Skips to the next run of content, and covers it as far as `bytes` go.
    ///
    /// Call it with the rest until it consumes nothing or the body has ended.
    package mutating func next(_ bytes: Span<UInt8>) throws(HTTPFailure) -> BodyStep {
        var position = 0
        while true {
            switch state {
            case .content: return try takeContent(bytes)
            case .untilClose:
                try count(bytes.count)
                return BodyStep(content: 0..<bytes.count, consumed: bytes.count, isEnd: false)
            case .chunk:
                let end = position + min(remaining, bytes.count - position)
                remaining -= end - position
                if remaining == 0 { state = .chunkReturn }
                return BodyStep(content: position..<end, consumed: end, isEnd: false)
            case .ended:
                return BodyStep(content: position..<position, consumed: position, isEnd: true)
            default:
                guard position < bytes.count else {
                    return BodyStep(content: position..<position, consumed: position, isEnd: false)
                }
                try step(bytes[position])
                position += 1
            }
        }
    }

    private mutating func takeContent(_ bytes: Span<UInt8>) throws(HTTPFailure) -> BodyStep {
        if let limit, remaining > limit { throw tooLarge(limit) }
        let end = min(remaining, bytes.count)
        remaining -= end
        if remaining == 0 { state = .ended }
        return BodyStep(content: 0..<end, consumed: end, isEnd: remaining == 0)
    }

    // MARK: The chunked coding, a byte at a time between the chunks

    private mutating func step(_ byte: UInt8) throws(HTTPFailure) {
        switch state {
        case .size, .sizeSpace, .sizeExtension, .quoted, .quotedEscape, .sizeLineFeed:
            lineByteCount += 1
            guard lineByteCount <= Self.maximumSizeLineByteCount else {
                throw .badRequest("a chunk's size line is too long; send no extensions")
            }
            try stepInSizeLine(byte)
        case .chunkReturn:
            guard byte == ASCII.carriageReturn else { throw wrongChunkEnd }
            state = .chunkLineFeed
        case .chunkLineFeed:
            guard byte == ASCII.lineFeed else { throw wrongChunkEnd }
            state = .size
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .endLineFeed:
            lineByteCount += 1
            guard lineByteCount <= Self.maximumTrailerByteCount else {
                throw HTTPFailure(status: 431, detail: "the trailer section is too long; send none")
            }
            try stepInTrailer(byte)
        case .content, .untilClose, .chunk, .ended:
            preconditionFailure("a byte of content was read as one of the coding")
        }
    }

    private mutating func stepInSizeLine(_ byte: UInt8) throws(HTTPFailure) {
        if state == .sizeLineFeed {
            guard byte == ASCII.lineFeed else { throw wrongLineEnd }
            return endSizeLine()
        }
        if byte == ASCII.carriageReturn {
            guard digitCount > 0, state == .size || state == .sizeExtension else { throw wrongSize }
            state = .sizeLineFeed
            return try count(remaining)
        }
        guard Syntax.isFieldByte(byte) else { throw wrongLineEnd }
        switch state {
        case .size, .sizeSpace: try stepInSize(byte)
        case .sizeExtension: if byte == ASCII.quote { state = .quoted }
        case .quotedEscape: state = .quoted
        default:
            if byte == ASCII.quote { state = .sizeExtension }
            if byte == ASCII.backslash { state = .quotedEscape }
        }
    }

    private mutating func stepInSize(_ byte: UInt8) throws(HTTPFailure) {
        if state == .size, let digit = ASCII.hexValue(byte) {
            digitCount += 1
            guard remaining <= Int.max >> 4 else { throw wrongSize }
            remaining = remaining << 4 | Int(digit)
        } else if digitCount > 0, byte == ASCII.semicolon {
            state = .sizeExtension
        } else if digitCount > 0, Syntax.isWhiteSpace(byte) {
            state = .sizeSpace
        } else {
            throw wrongSize
        }
    }

    private mutating func endSizeLine() {
        state = remaining == 0 ? .trailerStart : .chunk
        lineByteCount = 0
        digitCount = 0
    }

    private mutating func stepInTrailer(_ byte: UInt8) throws(HTTPFailure) {
        switch (state, byte) {
        case (.trailerLineFeed, ASCII.lineFeed): state = .trailerStart
        case (.endLineFeed, ASCII.lineFeed): state = .ended
        case (.trailerStart, ASCII.carriageReturn): state = .endLineFeed
        case (.trailerValue, ASCII.carriageReturn): state = .trailerLineFeed
        case (.trailerName, ASCII.colon): state = .trailerValue
        case (.trailerStart, _) where Syntax.isTokenByte(byte): state = .trailerName
        case (.trailerName, _) where Syntax.isTokenByte(byte): break
        case (.trailerValue, _) where Syntax.isFieldByte(byte): break
        default: throw .badRequest("the trailer section is malformed; send none")
        }
    }

    /// Adds to the content found so far, and refuses a body that exceeds the limit.
    private mutating func count(_ byteCount: Int) throws(HTTPFailure) {
        let (sum, overflowed) = contentByteCount.addingReportingOverflow(byteCount)
        if let limit, overflowed || sum > limit { throw tooLarge(limit) }
        contentByteCount = overflowed ? .max : sum
    }

    private func tooLarge(_ limit: Int) -> HTTPFailure {
        HTTPFailure(status: 413, detail: "the body exceeds \(limit) bytes; send less at once")
    }

    private var wrongSize: HTTPFailure {
        .badRequest("a chunk's size is not a hexadecimal number that fits; correct it")
    }
    private var wrongLineEnd: HTTPFailure {
        .badRequest("a chunk's size line does not end in CRLF; correct it")
    }
    private var wrongChunkEnd: HTTPFailure {
        .badRequest("a chunk is not followed by CRLF; its size and its content must agree")
    }
}
