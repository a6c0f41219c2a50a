/// Reads the texts of /proc: lines, and fields between white space.
internal import Primitives

extension Span<UInt8> {
    /// Calls `body` with each line, without its line feed.
    func forEachLine(_ body: (Span<UInt8>) -> Void) {
        var start = 0
        for index in 0...count where index == count || self[index] == ASCII.lineFeed {
            if index > start { body(extracting(start..<index)) }
            start = index + 1
        }
    }

    /// Where the fields are: runs of anything but spaces and tabs.
    var fields: [Range<Int>] {
        var fields: [Range<Int>] = []
        var start = 0
        for index in 0...count where index == count || self[index] == ASCII.space || self[index] == ASCII.tab
        {
            if index > start { fields.append(start..<index) }
            start = index + 1
        }
        return fields
    }

    /// The numbers of `fields`; 0 for a field that is no number or too large.
    func numbers(_ fields: some Sequence<Range<Int>>) -> [UInt64] {
        fields.map { extracting($0).decimal ?? 0 }
    }

    func starts(with literal: StaticString) -> Bool {
        count >= literal.utf8CodeUnitCount && extracting(0..<literal.utf8CodeUnitCount).equals(literal)
    }
}

extension [UInt64] {
    /// The number at `index`; 0 if the kernel wrote fewer.
    func number(_ index: Int) -> UInt64 {
        index < count ? self[index] : 0
    }
}

/// The growth of a counter; nil if it fell, because its device was made anew.
func growth(_ counter: UInt64, since earlier: UInt64) -> UInt64? {
    counter >= earlier ? counter - earlier : nil
}
