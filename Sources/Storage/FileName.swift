/// What the files of a folder are called.

/// A name that says what its file is; other files in the folder are nobody's business.
enum FileName: Equatable {
    /// `journal-000000000012.tgj`: the twelfth segment of the log, or the file that will be it.
    case segment(number: UInt64)
    /// `state-000000000123.tgs`: what the records up to the 123rd make.
    case snapshot(position: UInt64)
    /// Something that was not finished.
    case temporary

    static let lock = "lock"
    /// What is being made and becomes a segment when it is renamed.
    static let unfinishedSegment = "journal.tgj.tmp"

    static func unfinishedSnapshot(position: UInt64) -> String {
        Self.snapshot(position: position).text + ".tmp"
    }

    init?(_ name: String) {
        if let number = Self.number(in: name, after: "journal-", before: ".tgj") {
            self = .segment(number: number)
        } else if let position = Self.number(in: name, after: "state-", before: ".tgs") {
            self = .snapshot(position: position)
        } else if name == Self.unfinishedSegment || name.hasPrefix("state-") && name.hasSuffix(".tgs.tmp") {
            self = .temporary
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .segment(let number): "journal-\(Self.digits(number)).tgj"
        case .snapshot(let position): "state-\(Self.digits(position)).tgs"
        case .temporary: Self.unfinishedSegment
        }
    }

    private static func number(in name: String, after prefix: String, before suffix: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
        guard digits.allSatisfy({ ("0"..."9").contains($0) }), let number = UInt64(digits) else { return nil }
        // One number has one name. The largest numbers are none, so that there is always a next one.
        guard number < .max >> 1, Self.digits(number) == digits else { return nil }
        return number
    }

    /// Twelve digits, so that a listing is in order; a trillion segments have more.
    private static func digits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
