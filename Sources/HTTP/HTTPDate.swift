package import Primitives

/// Moments as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 §5.6.7).
package enum HTTPDate {
    /// The length of every date.
    package static let byteCount = 29

    private static let weekdays: StaticString = "ThuFriSatSunMonTueWed"
    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// The date of `unixSeconds`. Callers keep it for as long as the second lasts.
    package static func bytes(_ unixSeconds: UInt64) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(httpDate: unixSeconds)
        return buffer.bytes.array
    }

    static func append(_ unixSeconds: UInt64, to buffer: inout ByteBuffer) {
        let days = unixSeconds / 86400
        let (year, month, day) = civil(days)
        append(name: Int(days % 7), of: weekdays, to: &buffer)
        buffer.append(", ")
        append(twoDigits: day, to: &buffer)
        buffer.append(ASCII.space)
        append(name: Int(month - 1), of: months, to: &buffer)
        buffer.append(ASCII.space)
        append(twoDigits: year / 100, to: &buffer)
        append(twoDigits: year % 100, to: &buffer)
        buffer.append(ASCII.space)
        append(twoDigits: unixSeconds / 3600 % 24, to: &buffer)
        buffer.append(ASCII.colon)
        append(twoDigits: unixSeconds / 60 % 60, to: &buffer)
        buffer.append(ASCII.colon)
        append(twoDigits: unixSeconds % 60, to: &buffer)
        buffer.append(" GMT")
    }

    /// The day that lies `days` after the first of 1970.
    ///
    /// Years begin in March here, so that the leap day is the last of its year. The calendar repeats every 146,097
    /// days.
    private static func civil(_ days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468  // From the first of March of the year 0.
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func append(name index: Int, of names: StaticString, to buffer: inout ByteBuffer) {
        names.withUTF8Buffer { text in
            for offset in 0..<3 { buffer.append(unsafe text[index * 3 + offset]) }
        }
    }

    private static func append(twoDigits value: UInt64, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(value / 10 % 10) + ASCII.zero)
        buffer.append(UInt8(value % 10) + ASCII.zero)
    }
}

extension ByteBuffer {
    /// Appends the date of `unixSeconds`, 29 bytes. Later moments become the end of the year 9999.
    package mutating func append(httpDate unixSeconds: UInt64) {
        HTTPDate.append(min(unixSeconds, 253_402_300_799), to: &self)
    }
}
