/// Checks text that is not ASCII, 16 bytes a step: each byte is judged by the three before it, all at once.
///
/// The vectors are of 16 signed bytes because SSE2, all that every x86-64 has, compares those in one instruction.
enum UTF8Blocks {
    static let byteCount = 16

    /// Checks whole blocks from `start`, which must lie between two characters with three good bytes before it, up to
    /// `limit`.
    ///
    /// - Returns: where the last character begins that a block's end cut, or that end itself; nil when a byte cannot
    ///   stand where it stands. At least 12 bytes behind `start` if there is room for a block.
    static func endOfCharacters(_ raw: UnsafeRawPointer, from start: Int, limit: Int) -> Int? {
        var offset = start
        var faults = SIMDMask<SIMD16<Int8>>(repeating: false)
        while offset &+ byteCount <= limit {
            let found = unsafe Self.faults(raw + offset)
            faults .|= found
            offset &+= byteCount
        }
        return any(faults) ? nil : unsafe beginningOfCharacter(raw, before: offset)
    }

    /// The bytes at `raw` at which text goes wrong (RFC 3629 §4). One that no text holds, F5 and above, is marked at
    /// the byte behind it.
    @inline(__always)
    private static func faults(_ raw: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
        let present = unsafe block(raw)
        let before = unsafe block(raw - 1)
        // With the highest bit turned round, signed bytes are in the order of unsigned ones.
        let turn = all(0x80)
        let (first, second, third) = unsafe (before ^ turn, block(raw - 2) ^ turn, block(raw - 3) ^ turn)

        // Bytes from C0, E0 and F0 on are followed by at least one, two and three more.
        let isAwaited = (first .> all(0x3F)) .| (second .> all(0x5F)) .| (third .> all(0x6F))
        let isContinuation = present .< all(0xC0)
        let isNone = ((present & all(0xFE)) .== all(0xC0)) .| (first .> all(0x74))
        // Behind E0 and F0 the short forms of shorter characters, behind ED the surrogates, behind F4 what lies above
        // U+10FFFF. That what follows them is a continuation was seen to above.
        let (isFrom90, isFromA0) = (present .> all(0x8F), present .> all(0x9F))
        let isForbidden =
            ((before .== all(0xE0)) .& .!isFromA0) .| ((before .== all(0xED)) .& isFromA0)
            .| ((before .== all(0xF0)) .& .!isFrom90) .| ((before .== all(0xF4)) .& isFrom90)
        return (isAwaited .^ isContinuation) .| isNone .| isForbidden
    }

    /// Goes back over what may be the beginning of a character that is not whole yet.
    private static func beginningOfCharacter(_ raw: UnsafeRawPointer, before end: Int) -> Int {
        var offset = end
        while unsafe raw.load(fromByteOffset: offset &- 1, as: UInt8.self) & 0xC0 == 0x80 { offset &-= 1 }
        let isLead = unsafe raw.load(fromByteOffset: offset &- 1, as: UInt8.self) >= 0xC0
        return isLead ? offset &- 1 : end
    }

    @inline(__always)
    private static func block(_ raw: UnsafeRawPointer) -> SIMD16<Int8> {
        unsafe raw.loadUnaligned(as: SIMD16<Int8>.self)
    }

    @inline(__always)
    private static func all(_ byte: UInt8) -> SIMD16<Int8> { SIMD16(repeating: Int8(bitPattern: byte)) }
}
