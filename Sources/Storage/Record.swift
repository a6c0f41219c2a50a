/// A record: 32 bytes of header, a body, and zeros up to a multiple of 8 (docs/journal-format.md).
internal import Primitives

enum RecordKind: UInt32 {
    /// What was appended: to the log, or as a piece of a snapshot.
    case entry = 1
    /// Nothing follows: the process stopped as it should, or the snapshot is whole.
    case end = 2
    /// `repair` has cut the log here, or a backup ends.
    case cut = 3
}

struct RecordHeader: Equatable {
    static let byteCount = 32
    /// 32 MiB: twice the largest batch, and what a reader must be able to hold.
    static let bodyByteCountLimit = 32 << 20

    var bodyByteCount: Int
    var bodyCheck: UInt32
    var position: UInt64
    /// Up to where the log was known to be safe when the record was made. So damage can be told from the tail of a log
    /// that was never safe: what a later record calls safe must be there.
    var syncedThrough: UInt64
    var kind: RecordKind

    /// What the record takes in the file.
    var framedByteCount: Int { Self.framedByteCount(bodyByteCount) }

    static func framedByteCount(_ bodyByteCount: Int) -> Int { (byteCount + bodyByteCount + 7) & ~7 }

    /// Appends the record of `body` to `output`.
    static func write(
        _ kind: RecordKind, _ body: Span<UInt8> = Span(), position: UInt64, syncedThrough: UInt64,
        _ checksum: Checksum,
        into output: inout ByteBuffer
    ) {
        let start = output.count
        output.append(littleEndian: UInt32(body.count))
        output.append(littleEndian: checksum.of(body))
        output.append(littleEndian: position)
        output.append(littleEndian: syncedThrough)
        output.append(littleEndian: kind.rawValue)
        output.append(littleEndian: checksum.of(output.bytes.extracting(start..<output.count)))
        output.append(body)
        output.append(zeros: start + framedByteCount(body.count) - output.count)
    }

    /// The header at the beginning of `bytes`, which hold 32 at least; nil if there is none. It has a checksum of its own:
    /// so its length can be trusted before the body is read, and a search for records costs no more than it is long.
    init?(_ bytes: Span<UInt8>, _ checksum: Checksum) {
        let length: UInt32 = bytes.littleEndian(0)
        // These two come first, because a search looks at every eighth byte of a file.
        guard let kind = RecordKind(rawValue: bytes.littleEndian(24)), length <= Self.bodyByteCountLimit,
            bytes.littleEndian(28) == checksum.of(bytes.extracting(..<28))
        else { return nil }
        self.kind = kind
        bodyByteCount = Int(length)
        bodyCheck = bytes.littleEndian(4)
        position = bytes.littleEndian(8)
        syncedThrough = bytes.littleEndian(16)
    }
}
