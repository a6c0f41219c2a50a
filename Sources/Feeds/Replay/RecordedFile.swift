/// Reads a recorded file a row at a time, and never holds the whole.
internal import Glibc
internal import Primitives

final class RecordedFile {
    /// 1 MiB: a longer row is a mistake, and a file without line breaks must not fill the memory.
    static let rowByteCountLimit = 1 << 20
    private static let pieceByteCount = 64 << 10

    private let descriptor: Int32
    /// The file's name in messages.
    private let name: String
    /// Never `auto`.
    private(set) var format: ReplayFormat
    /// The header of a CSV file; empty for NDJSON.
    private(set) var columns: [String] = []
    /// The line on which the latest row started, from 1.
    private(set) var rowLine = 1
    private var nextLine = 1
    private var contents = ByteBuffer()
    private var isAtEnd = false
    private var record = CSVRecord()

    /// Opens the file at `path`, detects its format if none is given, and reads a CSV header.
    init(path: String, name: String, format: ReplayFormat) throws(FeedFailure) {
        // Opening a pipe must not wait for its writer; the code below refuses it.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.name = name
        self.format = format
        guard descriptor >= 0 else {
            throw FeedFailure("cannot open \(name): \(Self.text(of: errno))", isPassing: true)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FeedFailure("\(name) is no regular file", isPassing: false)
        }
        try readPiece()
        // Spreadsheets write one. A file that ends within it has no other beginning either.
        _ = contents.dropByteOrderMark()
        if format == .auto { self.format = contents.bytes.starts(with: "{") ? .ndjson : .csv }
        if self.format == .csv { try readHeader() }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    private func readHeader() throws(FeedFailure) {
        guard try readRecord() else { throw located(RecordFailure("the file has no header")) }
        columns = record.fields.map { String(decoding: record.text[$0.range], as: UTF8.self) }
        if Set(columns).count < columns.count {
            throw located(RecordFailure("two columns of the header have the same name"))
        }
    }

    // MARK: Rows

    /// Takes the next row; false at the file's end.
    func readRow(into row: inout ReplayRow) throws(FeedFailure) -> Bool {
        switch format {
        case .csv, .auto:
            guard try readRecord() else { return false }
            do {
                try row.take(record, names: columns)
            } catch {
                throw located(error)
            }
            return true
        case .ndjson: return try readLine(into: &row)
        }
    }

    /// A failure of the latest row, with its file and line.
    func located(_ failure: RecordFailure) -> FeedFailure {
        FeedFailure("\(name):\(rowLine): \(failure.reason)", isPassing: false)
    }

    /// Takes the next record that is not blank into `record`; false at the file's end.
    private func readRecord() throws(FeedFailure) -> Bool {
        while try hasMore() {
            rowLine = nextLine
            do {
                guard let byteCount = try record.parse(contents.bytes, isLast: isAtEnd) else {
                    try readPiece()
                    continue
                }
                contents.consume(byteCount)
            } catch let failure as RecordFailure {
                throw located(failure)
            } catch let failure as FeedFailure {
                throw failure
            } catch {
                preconditionFailure("an unknown failure: \(error)")
            }
            nextLine += record.lineFeedCount
            if !record.isBlank { return true }
        }
        return false
    }

    /// Takes the next line that is not blank; false at the file's end.
    private func readLine(into row: inout ReplayRow) throws(FeedFailure) -> Bool {
        while let end = try lineEnd() {
            rowLine = nextLine
            nextLine += 1
            defer { contents.consume(min(end + 1, contents.count)) }
            if isBlank(end) { continue }
            do {
                try row.take(line: contents.bytes.extracting(0..<end))
            } catch {
                throw located(error)
            }
            return true
        }
        return false
    }

    /// Where the next line ends, without its line feed; nil at the file's end.
    private func lineEnd() throws(FeedFailure) -> Int? {
        var searched = 0
        while try hasMore() {
            for index in searched..<contents.count where contents.bytes[index] == ASCII.lineFeed {
                return index
            }
            if isAtEnd { return contents.count }
            searched = contents.count
            rowLine = nextLine
            try readPiece()
        }
        return nil
    }

    private func isBlank(_ end: Int) -> Bool {
        for index in 0..<end where contents.bytes[index] > ASCII.space { return false }
        return true
    }

    // MARK: Pieces

    /// Whether another row can follow.
    private func hasMore() throws(FeedFailure) -> Bool {
        if contents.isEmpty, !isAtEnd { try readPiece() }
        return !contents.isEmpty
    }

    private func readPiece() throws(FeedFailure) {
        guard contents.count <= Self.rowByteCountLimit else {
            throw located(RecordFailure("the row is longer than \(Self.rowByteCountLimit) bytes"))
        }
        var count = 0
        _ = contents.appendUnsafe(upTo: Self.pieceByteCount) { free in
            repeat {
                count = read(descriptor, free.baseAddress, Self.pieceByteCount)
            } while count < 0
                && errno == EINTR
            return max(count, 0)
        }
        if count < 0 { throw FeedFailure("cannot read \(name): \(Self.text(of: errno))", isPassing: true) }
        isAtEnd = count == 0
    }

    private static func text(of code: Int32) -> String {
        "\(String(cString: strerror(code))) (errno \(code))"
    }
}

/// The format of a file.
package enum ReplayFormat: String, CaseIterable, Sendable {
    /// NDJSON if the first byte is a brace, else CSV.
    case auto
    case csv
    case ndjson
}
