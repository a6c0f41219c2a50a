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
    /// The contents begin within a line that was given up.
    private var isInsideBadLine = false
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

    /// A header that is wrong may be one that is just being written.
    private func readHeader() throws(FeedFailure) {
        switch try readRecord() {
        case .row: break
        case .bad(let failure): throw located(failure, isPassing: true)
        case .end: throw located(RecordFailure("the file has no header"), isPassing: true)
        }
        columns = record.fields.map { String(decoding: record.text[$0.range], as: UTF8.self) }
        if Set(columns).count < columns.count {
            let failure = RecordFailure("two columns of the header have the same name")
            throw located(failure, isPassing: true)
        }
    }

    // MARK: Rows

    /// What the next row is.
    enum Reading {
        case row
        /// The row is of no use, but the next one may be.
        case bad(RecordFailure)
        case end
    }

    /// Takes the next row.
    func readRow(into row: inout ReplayRow) throws(FeedFailure) -> Reading {
        if isInsideBadLine { try passLine() }
        guard format == .csv else { return try readLine(into: &row) }
        let reading = try readRecord()
        guard case .row = reading else { return reading }
        do {
            try row.take(record, names: columns)
            return .row
        } catch {
            return .bad(error)
        }
    }

    /// A failure of the latest row, with its file and line.
    func located(_ failure: RecordFailure, isPassing: Bool = false) -> FeedFailure {
        FeedFailure("\(name):\(rowLine): \(failure.reason)", isPassing: isPassing)
    }

    /// Takes the next record that is not blank into `record`.
    private func readRecord() throws(FeedFailure) -> Reading {
        while try hasMore() {
            rowLine = nextLine
            let byteCount: Int?
            do {
                byteCount = try record.parse(contents.bytes, isLast: isAtEnd)
            } catch {
                return leaveLine(error)
            }
            guard let byteCount else {
                if isTooLong { return leaveLine(Self.tooLong) }
                try readPiece()
                continue
            }
            contents.consume(byteCount)
            nextLine += record.lineFeedCount
            if !record.isBlank { return .row }
        }
        return .end
    }

    /// Takes the next line that is not blank.
    private func readLine(into row: inout ReplayRow) throws(FeedFailure) -> Reading {
        var searched = 0
        while try hasMore() {
            rowLine = nextLine
            guard let end = lineFeed(from: searched) ?? (isAtEnd ? contents.count : nil) else {
                if isTooLong { return leaveLine(Self.tooLong) }
                searched = contents.count
                try readPiece()
                continue
            }
            searched = 0
            nextLine += 1
            defer { contents.consume(min(end + 1, contents.count)) }
            if isBlank(end) { continue }
            do {
                try row.take(line: contents.bytes.extracting(0..<end))
                return .row
            } catch {
                return .bad(error)
            }
        }
        return .end
    }

    private func lineFeed(from start: Int) -> Int? {
        for index in start..<contents.count where contents.bytes[index] == ASCII.lineFeed { return index }
        return nil
    }

    private func isBlank(_ end: Int) -> Bool {
        for index in 0..<end where contents.bytes[index] > ASCII.space { return false }
        return true
    }

    // MARK: Bad rows

    /// Gives up the row at hand, and goes on behind its first line: a quote that nothing closes costs that line alone,
    /// not all that follows.
    private func leaveLine(_ failure: RecordFailure) -> Reading {
        isInsideBadLine = true
        return .bad(failure)
    }

    /// Passes over the rest of a line, however long it is.
    private func passLine() throws(FeedFailure) {
        while try hasMore() {
            guard let end = lineFeed(from: 0) else {
                contents.removeAll()
                continue
            }
            contents.consume(end + 1)
            nextLine += 1
            break
        }
        isInsideBadLine = false
    }

    private var isTooLong: Bool { contents.count > Self.rowByteCountLimit }

    private static var tooLong: RecordFailure {
        RecordFailure("the row is longer than \(rowByteCountLimit) bytes")
    }

    // MARK: Pieces

    /// Whether another row can follow.
    private func hasMore() throws(FeedFailure) -> Bool {
        if contents.isEmpty, !isAtEnd { try readPiece() }
        return !contents.isEmpty
    }

    private func readPiece() throws(FeedFailure) {
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
