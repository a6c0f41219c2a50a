/// Finds a text in bytes: `memmem`, which Swift's Glibc lacks.
import Glibc

extension Array where Element == UInt8 {
    /// Where `wanted` first occurs; 0 for an empty one.
    func firstIndex(of wanted: [UInt8]) -> Int? {
        guard let first = wanted.first else { return 0 }
        return withUnsafeBytes { text in
            guard let start = text.baseAddress else { return nil }
            var place = 0
            while place + wanted.count <= text.count {
                guard let found = memchr(start + place, Int32(first), text.count - wanted.count - place + 1)
                else {
                    return nil
                }
                place = UnsafeRawPointer(found) - start
                if memcmp(found, wanted, wanted.count) == 0 { return place }
                place += 1
            }
            return nil
        }
    }

    /// Where `wanted` last occurs.
    func lastIndex(of wanted: [UInt8]) -> Int? {
        guard count >= wanted.count else { return nil }
        return withUnsafeBytes { text in
            guard let start = text.baseAddress else { return nil }
            return (0...(text.count - wanted.count)).reversed()
                .first { memcmp(start + $0, wanted, wanted.count) == 0 }
        }
    }

    /// The value of a field of an answer's head, which ends at `end`; `name` is the beginning of the line, in lower case,
    /// with the line break before it. Empty without the field.
    func field(_ name: [UInt8], before end: Int) -> ArraySlice<UInt8> {
        var place = 0
        while place + name.count < end {
            if self[place] == 13,
                name.indices.allSatisfy({ self[place + $0] | 0x20 == name[$0] | 0x20 })
            {
                return self[(place + name.count)...].prefix { $0 != 13 }
            }
            place += 1
        }
        return []
    }
}
