/// Checks non-ASCII text, 16 bytes a step: the three bytes before it decide about each byte, all at once.
///
/// The vectors hold 16 signed bytes, because SSE2, which every x86-64 has, compares those in one instruction.
enum UTF8Blocks {
    static let byteCount = 16

    /// Checks whole blocks from `start` up to `limit`. `start` must lie between two characters, with three good bytes
    /// before it.
    ///
    /// - Returns: the end of the checked blocks, or the start of the character of several bytes that lies before it,
    ///   whole or cut. Nil if a byte cannot be where it is. With room for a block: at least 12 bytes behind `start`.
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

    /// Marks the bytes at `raw` where text goes wrong (RFC 3629 §4). A byte that no text holds, F5 and above, is
    /// marked at the byte behind it.
    @inline(__always)
    private static func faults(_ raw: UnsafeRawPointer) -> SIMDMask<SIMD16<Int8>> {
        let present = unsafe block(raw)
        let before = unsafe block(raw - 1)
        // With the highest bit flipped, signed bytes sort like unsigned ones.
        let turn = all(0x80)
        let (first, second, third) = unsafe (before ^ turn, block(raw - 2) ^ turn, block(raw - 3) ^ turn)

        // At least one, two and three more bytes follow a byte from C0, E0 and F0 on.
        let isAwaited = (first .> all(0x3F)) .| (second .> all(0x5F)) .| (third .> all(0x6F))
        let isContinuation = present .< all(0xC0)
        let isNone = ((present & all(0xFE)) .== all(0xC0)) .| (first .> all(0x74))
        // Forbidden: behind E0 and F0 the overlong forms of shorter characters, behind ED the surrogates, behind F4
        // anything above U+10FFFF. The check above already wants a continuation byte there.
        let (isFrom90, isFromA0) = (present .> all(0x8F), present .> all(0x9F))
        let isForbidden =
            ((before .== all(0xE0)) .& .!isFromA0) .| ((before .== all(0xED)) .& isFromA0)
            .| ((before .== all(0xF0)) .& .!isFrom90) .| ((before .== all(0xF4)) .& isFrom90)
        return (isAwaited .^ isContinuation) .| isNone .| isForbidden
    }

    /// Steps back over a last character of several bytes, whole or cut.
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
