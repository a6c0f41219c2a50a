/// The time of sending, inside every update: `@` and eight hexadecimal digits of microseconds.
import Glibc
import Primitives

enum Stamp {
    /// The sign, which nothing else in an update contains, and the digits.
    static let byteCount = 9
    static let sign = UInt8(ascii: "@")

    /// The monotonic clock, which all processes of a machine share; it wraps after 71 minutes.
    static func now() -> UInt32 {
        UInt32(truncatingIfNeeded: Instant.now().nanoseconds / 1000)
    }

    static func write(_ time: UInt32, at place: UnsafeMutablePointer<UInt8>) {
        place[0] = sign
        for digit in 0..<8 {
            let value = UInt8(truncatingIfNeeded: time >> UInt32(28 - 4 * digit)) & 15
            place[1 + digit] = value < 10 ? 0x30 + value : 0x57 + value
        }
    }

    /// Reads eight digits at once: each byte's low half, plus 9 for a letter.
    @inline(__always) static func read(_ digits: UnsafePointer<UInt8>) -> UInt32 {
        let text = UInt64(
            bigEndian: UnsafeRawPointer(digits).loadUnaligned(as: UInt64.self))
        let letters = (text >> 6) & 0x0101_0101_0101_0101
        var value = (text & 0x0F0F_0F0F_0F0F_0F0F) &+ letters &* 9
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: value | value >> 16)
    }
}

/// Finds the stamps in one reader's bytes, even those that two reads cut in half.
struct StampScanner {
    /// The beginning of a stamp, from the end of the last read.
    private var carry: (UInt64, UInt8) = (0, 0)
    private(set) var carryCount = 0

    /// Calls `found` for each stamp in the `count` bytes at `start`; before `start` there must be room for a carry.
    @inline(__always) mutating func scan(
        _ start: UnsafeMutablePointer<UInt8>, count: Int, _ found: (UInt32) -> Void
    ) {
        var place = start - carryCount
        let end = start + count
        withUnsafeBytes(of: carry) { _ = memcpy(place, $0.baseAddress.unsafelyUnwrapped, carryCount) }
        carryCount = 0
        while let sign = memchr(place, Int32(Stamp.sign), end - place) {
            let digits = sign.assumingMemoryBound(to: UInt8.self) + 1
            if end - digits < Stamp.byteCount - 1 {
                carryCount = end - digits + 1
                withUnsafeMutableBytes(of: &carry) {
                    _ = memcpy($0.baseAddress.unsafelyUnwrapped, sign, carryCount)
                }
                return
            }
            place = digits
            // The length of a frame can look like the sign, but two digits do not follow it.
            guard isxdigit(Int32(digits[0])) != 0, isxdigit(Int32(digits[1])) != 0 else { continue }
            found(Stamp.read(digits))
            place = digits + (Stamp.byteCount - 1)
        }
    }
}
