/// One record of a CSV text (RFC 4180): fields between commas, quoted if they hold commas, quotes or line breaks. A
/// lone line feed ends a record too.
internal import Primitives

struct CSVRecord {
    struct Field: Equatable {
        /// In `text`.
        var range: Range<Int>
        /// A quoted field is text, even if it looks like a number.
        var isQuoted: Bool
    }

    /// The characters of all fields in a row, unquoted.
    private(set) var text: [UInt8] = []
    private(set) var fields: [Field] = []
    /// Line feeds within the record and at its end.
    private(set) var lineFeedCount = 0

    /// A line with nothing on it.
    var isBlank: Bool { fields.count == 1 && text.isEmpty && !fields[0].isQuoted }

    /// Reads the record at the start of `bytes` in place of the previous one. Returns its length with its line break;
    /// nil if its end may still come. `isLast` says that no more bytes will come.
    mutating func parse(_ bytes: Span<UInt8>, isLast: Bool) throws(RecordFailure) -> Int? {
        text.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        lineFeedCount = 0
        var position = 0
        while true {
            let start = text.count
            let isQuoted = position < bytes.count && bytes[position] == ASCII.quote
            let end = isQuoted ? try quoted(bytes, from: position + 1) : try plain(bytes, from: position)
            guard let end, end < bytes.count || isLast else {
                if isLast { throw RecordFailure("the file ends inside quotes") }
                return nil
            }
            fields.append(Field(range: start..<text.count, isQuoted: isQuoted))
            guard end < bytes.count else { return end }
            position = end + 1
            switch bytes[end] {
            case ASCII.comma: continue
            case ASCII.lineFeed:
                lineFeedCount += 1
                return position
            case ASCII.carriageReturn where position == bytes.count:
                if !isLast { return nil }
                return position
            case ASCII.carriageReturn where bytes[position] == ASCII.lineFeed:
                lineFeedCount += 1
                return position + 1
            default: throw RecordFailure("a comma or the line's end must follow a closing quote")
            }
        }
    }

    /// Reads an unquoted field; returns where it ends, possibly at the end of the bytes.
    private mutating func plain(_ bytes: Span<UInt8>, from start: Int) throws(RecordFailure) -> Int? {
        for index in start..<bytes.count {
            switch bytes[index] {
            case ASCII.comma, ASCII.lineFeed, ASCII.carriageReturn: return index
            case ASCII.quote: throw RecordFailure("a field with a quote in it must be in quotes itself")
            default: text.append(bytes[index])
            }
        }
        return bytes.count
    }

    /// Reads what follows an opening quote; returns the place behind the closing one, nil if that is missing.
    private mutating func quoted(_ bytes: Span<UInt8>, from start: Int) throws(RecordFailure) -> Int? {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.quote {
                guard index + 1 < bytes.count, bytes[index + 1] == ASCII.quote else { return index + 1 }
                index += 1
            } else if byte == ASCII.lineFeed {
                lineFeedCount += 1
            }
            text.append(byte)
            index += 1
        }
        return nil
    }
}

/// A fault of one record. The code that reads the file adds its name and the line.
struct RecordFailure: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
