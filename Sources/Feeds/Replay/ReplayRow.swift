/// One row of a recorded file in any format: named cells, read as text or as JSON.
internal import Primitives

struct ReplayRow {
    struct Cell {
        /// In `text`.
        var range: Range<Int>
        var form: Form
    }

    enum Form {
        /// A CSV field: a number if it reads as one, absent if it is empty.
        case plain
        /// A CSV field in quotes.
        case quoted
        /// A checked JSON value.
        case json
    }

    private(set) var names: [String] = []
    private(set) var cells: [Cell] = []
    private var text: [UInt8] = []

    // MARK: Taking a row

    /// Takes a CSV record; `names` are the header's.
    mutating func take(_ record: CSVRecord, names: [String]) throws(RecordFailure) {
        guard record.fields.count == names.count else {
            throw RecordFailure("the header has \(names.count) columns, this row \(record.fields.count)")
        }
        self.names = names
        text = record.text
        cells = record.fields.map { Cell(range: $0.range, form: $0.isQuoted ? .quoted : .plain) }
    }

    /// Takes one line of NDJSON, which must be one object.
    mutating func take(line: Span<UInt8>) throws(RecordFailure) {
        guard Self.isUTF8(line) else { throw RecordFailure("the line is not UTF-8") }
        text = line.array
        names.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        do {
            try takeMembers(line)
        } catch {
            throw RecordFailure("no JSON object: \(error)")
        }
    }

    private mutating func takeMembers(_ line: Span<UInt8>) throws(JSONFailure) {
        var scanner = JSONScanner(line)
        try scanner.enterObject()
        while let name = try scanner.nextMember() {
            names.append(String(decoding: name.decoded(in: line) ?? [], as: UTF8.self))
            cells.append(Cell(range: try scanner.value(), form: .json))
        }
        try scanner.end()
    }

    private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        do {
            _ = try UTF8Span(validating: bytes)
            return true
        } catch {
            return false
        }
    }

    // MARK: Asking

    func index(of name: String) -> Int? {
        names.firstIndex(of: name)
    }

    /// The cell as text, for a topic or a time. Nil if it is empty, or JSON other than a string or a number.
    func text(at index: Int) -> [UInt8]? {
        let bytes = text[cells[index].range]
        switch cells[index].form {
        case .plain, .quoted: return bytes.isEmpty ? nil : Array(bytes)
        case .json:
            let value = Array(bytes)
            return Self.text(ofJSON: value.span)
        }
    }

    private static func text(ofJSON value: Span<UInt8>) -> [UInt8]? {
        var scanner = JSONScanner(value)
        switch scanner.peek() {
        case .number: return value.array
        case .string:
            do {
                return try scanner.string().decoded(in: value)
            } catch {
                preconditionFailure("a checked string was refused: \(error)")
            }
        case .object, .array, .boolean, .null, nil: return nil
        }
    }

    /// Whether the file has exactly `literal` in this cell.
    func reads(_ literal: StaticString, at index: Int) -> Bool {
        text.span.extracting(cells[index].range).equals(literal)
    }

    /// Appends the cell as a JSON value. Unlike a topic, a value must be UTF-8; what is JSON already was found to be.
    func appendJSON(at index: Int, to data: inout ByteBuffer) throws(RecordFailure) {
        let bytes = text.span.extracting(cells[index].range)
        switch cells[index].form {
        case .json: data.append(bytes)
        case .plain where bytes.isEmpty: data.append("null")
        case .plain where Self.isNumber(bytes): data.append(bytes)
        case .plain, .quoted:
            guard Self.isUTF8(bytes) else { throw RecordFailure("\"\(names[index])\" is not UTF-8") }
            data.append(jsonString: bytes)
        }
    }

    /// Whether the field is a number in JSON's notation: 007, +1 and .5 stay text.
    private static func isNumber(_ bytes: Span<UInt8>) -> Bool {
        var scanner = JSONScanner(bytes)
        guard scanner.peek() == .number, scanner.position == 0 else { return false }
        do {
            return try scanner.value().upperBound == bytes.count
        } catch {
            return false  // It only begins like a number, so it is text.
        }
    }
}
