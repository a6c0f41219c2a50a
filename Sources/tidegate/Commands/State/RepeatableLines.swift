/// Standard input as lines that can be read more than once: a file as it is, and what comes by a pipe from a file without a name.
internal import Glibc
internal import Primitives
internal import Transport

struct RepeatableLines: ~Copyable {
    /// 16 MiB: what a record has room for, several times.
    private static let lineLimit = 16 << 20
    private static let pieceByteCount = 256 << 10

    private let source: FileDescriptor
    private let start: off_t

    /// Keeps what comes by a pipe in the folder at `path`, where there must be room for it.
    init(ofStandardInputBeside path: String) throws {
        let place = lseek(STDIN_FILENO, 0, SEEK_CUR)
        source = place >= 0 ? FileDescriptor(owning: dup(STDIN_FILENO)) : try Self.kept(in: path)
        start = max(place, 0)
    }

    /// All of standard input in a file without a name.
    private static func kept(in path: String) throws -> FileDescriptor {
        var name = Array("\(path)/import.XXXXXX".utf8CString)
        let spool = FileDescriptor(owning: mkstemp(&name))
        guard spool.number >= 0, unlink(name) == 0 else {
            throw CommandFailure(
                "cannot keep what comes by the pipe in \(path): \(SystemFailure("mkstemp").reason); read a file instead: < FILE"
            )
        }
        var buffer = ByteBuffer(capacity: pieceByteCount)
        while try read(STDIN_FILENO, into: &buffer, nil) {
            while !buffer.isEmpty {
                let count = uninterrupted {
                    Glibc.write(spool.number, buffer.unsafeBytes.baseAddress, buffer.count)
                }
                guard count > 0 else {
                    throw CommandFailure(
                        "cannot keep what comes by the pipe in \(path): \(SystemFailure("write").reason). Nothing was taken."
                    )
                }
                buffer.consume(count)
            }
        }
        return spool
    }

    /// Hands out all lines from the first one on, without their ends.
    func readEach(_ take: (Span<UInt8>) throws -> Void) throws {
        var place = start
        var buffer = ByteBuffer(capacity: Self.pieceByteCount)
        var isFirst = true
        func hand(_ line: UnsafeBufferPointer<UInt8>) throws {
            try take(isFirst ? line.span.afterByteOrderMark : line.span)
            isFirst = false
        }
        var searched = 0
        while try Self.read(source.number, into: &buffer, &place) {
            while let end = buffer.unsafeBytes[searched...].firstIndex(of: ASCII.lineFeed) {
                try hand(UnsafeBufferPointer(rebasing: buffer.unsafeBytes[..<end]))
                buffer.consume(end + 1)
                searched = 0
            }
            searched = buffer.count
            guard searched <= Self.lineLimit else {
                throw CommandFailure("a line has more than \(Self.lineLimit) bytes. Nothing was taken.")
            }
        }
        if !buffer.isEmpty { try hand(buffer.unsafeBytes) }
    }

    /// Reads the next piece, at `place` where one is given; false at the end.
    private static func read(
        _ number: Int32, into buffer: inout ByteBuffer, _ place: UnsafeMutablePointer<off_t>?
    ) throws -> Bool {
        var outcome = 0
        _ = buffer.appendUnsafe(upTo: pieceByteCount) { space in
            outcome = uninterrupted {
                place.map { pread(number, space.baseAddress, pieceByteCount, $0.pointee) }
                    ?? Glibc.read(number, space.baseAddress, pieceByteCount)
            }
            return max(outcome, 0)
        }
        guard outcome >= 0 else {
            throw CommandFailure("cannot read standard input: \(SystemFailure("read").reason)")
        }
        place?.pointee += off_t(outcome)
        return outcome > 0
    }
}
