/// Checks text as it arrives, in pieces cut anywhere. It refuses at the first byte that no UTF-8 could have there
/// (RFC 3629 §4), not only at the end of a character, frame or message.
///
/// ASCII passes 64 bytes a step, other text 16 (`UTF8Blocks`). Shorter runs and the ends of pieces go through a table
/// automaton. Each byte has one word; at the bit position that *is* the current state, it holds the position of the
/// next state. One shift a byte, no branch.
package struct UTF8Validator: Equatable, Sendable {
    /// The automaton's state, a bit position in a row of the table.
    private var state = UTF8Automaton.between

    package init() {}

    /// Whether the text so far ends with a whole character (or is empty).
    package var isComplete: Bool { state == UTF8Automaton.between }

    /// Takes the next bytes; false as soon as a byte cannot be where it is. Once false, it stays false.
    package mutating func accepts(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return state != UTF8Automaton.refused }
        let raw = unsafe UnsafeRawPointer(base)
        let count = bytes.count
        var offset = 0
        while offset < count, state != UTF8Automaton.refused {
            if state == UTF8Automaton.between {
                unsafe offset = Self.endOfASCII(raw, from: offset, count: count)
                if offset == count { return true }
                if offset >= 3, count &- offset >= UTF8Blocks.byteCount {
                    // Non-ASCII text seldom returns to ASCII at once: check some blocks before the next look.
                    let limit = min(offset &+ 8 &* UTF8Blocks.byteCount, count)
                    if let end = unsafe UTF8Blocks.endOfCharacters(raw, from: offset, limit: limit) {
                        offset = end
                    } else {
                        state = UTF8Automaton.refused
                    }
                    continue
                }
            }
            // A few bytes, to reach a character's end and pass the first three; or all that is left.
            let end = count &- offset < UTF8Blocks.byteCount ? count : offset &+ 4
            unsafe state = UTF8Automaton.run(from: state, over: raw, offset..<end)
            offset = end
        }
        return state != UTF8Automaton.refused
    }

    package mutating func accepts(_ bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { unsafe accepts($0) }
    }

    /// Whether `bytes` are UTF-8 as they stand.
    package static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var validator = UTF8Validator()
        return unsafe validator.accepts(bytes) && validator.isComplete
    }

    /// The first offset at or after `start` that may not be ASCII, to whole words.
    @inline(__always)
    private static func endOfASCII(_ raw: UnsafeRawPointer, from start: Int, count: Int) -> Int {
        var offset = start
        let highBits: UInt64 = 0x8080_8080_8080_8080
        while offset &+ 64 <= count {
            let first = unsafe raw.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            let second = unsafe raw.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD4<UInt64>.self)
            let joined = first | second
            let halves = joined.lowHalf | joined.highHalf
            if (halves.x | halves.y) & highBits != 0 { break }
            offset &+= 64
        }
        while offset &+ 8 <= count,
            unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & highBits == 0
        {
            offset &+= 8
        }
        // Looks at the last few bytes together with some before them.
        if count &- offset < 8, count >= 8,
            unsafe raw.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self) & highBits == 0
        {
            return count
        }
        return offset
    }
}

/// The states of UTF-8 and the table that leads from one to the next.
private enum UTF8Automaton {
    /// Each state is the position of its six bits in a row. A row without a successor leads to 0, and 0 to itself.
    static let refused: UInt8 = 0
    static let between: UInt8 = 6
    private static let oneMore: UInt8 = 12
    private static let twoMore: UInt8 = 18
    private static let threeMore: UInt8 = 24
    /// Forbidden: after E0 the overlong forms of two-byte characters, after ED the surrogates, after F0 the overlong
    /// forms of three-byte characters, after F4 anything above U+10FFFF.
    private static let afterE0: UInt8 = 30
    private static let afterED: UInt8 = 36
    private static let afterF0: UInt8 = 42
    private static let afterF4: UInt8 = 48

    private static let transitions: [(from: UInt8, bytes: ClosedRange<Int>, to: UInt8)] = [
        (between, 0x00...0x7F, between),
        (between, 0xC2...0xDF, oneMore),
        (between, 0xE0...0xE0, afterE0),
        (between, 0xE1...0xEC, twoMore),
        (between, 0xED...0xED, afterED),
        (between, 0xEE...0xEF, twoMore),
        (between, 0xF0...0xF0, afterF0),
        (between, 0xF1...0xF3, threeMore),
        (between, 0xF4...0xF4, afterF4),
        (oneMore, 0x80...0xBF, between),
        (twoMore, 0x80...0xBF, oneMore),
        (threeMore, 0x80...0xBF, twoMore),
        (afterE0, 0xA0...0xBF, oneMore),
        (afterED, 0x80...0x9F, oneMore),
        (afterF0, 0x90...0xBF, twoMore),
        (afterF4, 0x80...0x8F, twoMore),
    ]

    /// One row a byte value: 2 KiB.
    private static let rows: [UInt64] = {
        var rows = [UInt64](repeating: 0, count: 256)
        for transition in transitions {
            for byte in transition.bytes { rows[byte] |= UInt64(transition.to) &<< UInt64(transition.from) }
        }
        return rows
    }()

    /// The state after the bytes at `range`.
    static func run(from state: UInt8, over raw: UnsafeRawPointer, _ range: Range<Int>) -> UInt8 {
        unsafe rows.withUnsafeBufferPointer { rows in
            var word = UInt64(state)
            for offset in range {
                let byte = unsafe raw.load(fromByteOffset: offset, as: UInt8.self)
                // The shift uses only the lowest six bits.
                word = unsafe rows[Int(byte)] &>> word
            }
            return UInt8(truncatingIfNeeded: word & 63)
        }
    }
}
