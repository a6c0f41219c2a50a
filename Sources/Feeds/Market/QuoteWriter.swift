/// Writes a symbol's values straight into reserved memory: it runs once per update, up to a million times a second.
///
/// Through `ByteBuffer.append`, which checks for room at each field, an update cost three times as much.
internal import Primitives

/// Valid while its memory is. The caller has reserved enough.
struct QuoteWriter {
    private let start: UnsafeMutablePointer<UInt8>
    private var end: UnsafeMutablePointer<UInt8>

    init(_ start: UnsafeMutablePointer<UInt8>) {
        self.start = start
        end = start
    }

    var byteCount: Int { end - start }

    mutating func append(_ literal: StaticString) {
        end.update(from: literal.utf8Start, count: literal.utf8CodeUnitCount)
        end += literal.utf8CodeUnitCount
    }

    mutating func append(_ value: UInt64) {
        let digitCount = Self.digitCount(value)
        _ = Self.write(value, digitCount: digitCount, to: end)
        end += digitCount
    }

    /// Ticks as a price: 1234 with 2 decimals is 12.34. `decimals` must be above zero.
    mutating func append(fixed value: Int64, decimals: Int) {
        if value < 0 {
            end.pointee = UInt8(ascii: "-")
            end += 1
        }
        let wholeCount = max(Self.digitCount(value.magnitude) - decimals, 1)
        let whole = Self.write(value.magnitude, digitCount: decimals, to: end + wholeCount + 1)
        end[wholeCount] = UInt8(ascii: ".")
        _ = Self.write(whole, digitCount: wholeCount, to: end)
        end += wholeCount + 1 + decimals
    }

    /// It multiplies: a division a digit is what the writing below must pay anyway.
    private static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var limit: UInt64 = 10
        // 10¹⁹ is the last power of ten that fits.
        while value >= limit, count < 19 {
            count += 1
            limit &*= 10
        }
        return value >= limit ? count + 1 : count
    }

    /// Writes the last `digitCount` digits, and returns the digits above them as a number.
    private static func write(
        _ value: UInt64, digitCount: Int, to destination: UnsafeMutablePointer<UInt8>
    ) -> UInt64 {
        var rest = value
        var place = digitCount
        while place > 0 {
            place &-= 1
            destination[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        return rest
    }
}
