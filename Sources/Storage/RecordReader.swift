/// Reads the records of one file, one after another, and holds no more than the one at hand.
internal import Primitives

final class RecordReader {
    private static let pieceByteCount = 64 << 10

    private let file: any StoredFile
    private let checksum: Checksum
    let byteCount: Int
    /// Where in the file the reader stands.
    private(set) var offset: Int
    /// The bytes of the file from `offset` on.
    private var window = ByteBuffer()

    init(_ file: any StoredFile, _ checksum: Checksum, at offset: Int = FileHeader.blockByteCount)
        throws(StorageFailure)
    {
        self.file = file
        self.checksum = checksum
        self.offset = offset
        byteCount = try file.byteCount()
    }

    /// What stands at `offset`.
    enum Reading {
        case record(RecordHeader)
        /// A sound header whose body is not.
        case torn(RecordHeader)
        case nothing
    }

    func read() throws(StorageFailure) -> Reading {
        try fill(RecordHeader.byteCount)
        guard window.count >= RecordHeader.byteCount, let header = RecordHeader(window.bytes, checksum) else {
            return .nothing
        }
        // A body that cannot be there is not read.
        guard header.framedByteCount <= byteCount - offset else { return .torn(header) }
        try fill(header.framedByteCount)
        guard window.count >= header.framedByteCount, checksum.of(body(of: header)) == header.bodyCheck else {
            return .torn(header)
        }
        return .record(header)
    }

    /// The body of the record that was read last.
    @_lifetime(borrow self)
    func body(of header: RecordHeader) -> Span<UInt8> {
        let span = window.bytes.extracting(
            RecordHeader.byteCount..<RecordHeader.byteCount + header.bodyByteCount)
        return _overrideLifetime(span, borrowing: self)
    }

    /// Whether the eight bytes at `offset` are zero, or the file has none.
    func isZero() throws(StorageFailure) -> Bool {
        try fill(8)
        for index in 0..<min(window.count, 8) where window.bytes[index] != 0 { return false }
        return true
    }

    func pass(_ passed: Int) {
        window.consume(min(passed, window.count))
        offset += passed
    }

    var isAtEnd: Bool { offset >= byteCount }

    private func fill(_ needed: Int) throws(StorageFailure) {
        guard window.count < needed else { return }
        let place = offset + window.count
        let wanted = min(max(needed - window.count, Self.pieceByteCount), byteCount - place)
        guard wanted > 0 else { return }
        _ = try window.appendUnsafe(upTo: wanted) { free throws(StorageFailure) in
            try file.read(into: UnsafeMutableBufferPointer(rebasing: free[..<wanted]), at: place)
        }
    }
}
