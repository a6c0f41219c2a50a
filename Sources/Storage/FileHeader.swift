/// What a segment or a snapshot says of itself (docs/journal-format.md).
internal import Primitives

struct FileHeader: Equatable {
    enum Kind: Equatable {
        case segment
        case snapshot

        /// The ends of line show a copy that changed them.
        var magic: StaticString {
            switch self {
            case .segment: "TGJRNL\r\n"
            case .snapshot: "TGSTAT\r\n"
            }
        }
    }

    static let format: UInt32 = 1
    static let byteCount = 128
    /// The header stands there twice, in two blocks of a disk: if one is lost, the records that nobody could check without
    /// its salt are not.
    static let copyOffsets = [0, 4096]
    /// Where records begin.
    static let blockByteCount = 8192

    var kind: Kind
    var mode: SyncMode
    /// The segment's number, or the snapshot's position.
    var number: UInt64
    /// The position of the first record.
    var firstPosition: UInt64
    /// Up to where the log was safe when the header was made.
    var syncedThrough: UInt64
    var salt: UInt64
    var bootID: BootID
    /// Behind the records may be bytes of what the file was before; otherwise there are zeros.
    var isRecycled: Bool

    var checksum: Checksum { Checksum(salt: salt) }

    // MARK: Writing

    /// Appends the block of `blockByteCount` bytes.
    func write(into output: inout ByteBuffer) {
        let start = output.count
        for offset in Self.copyOffsets {
            output.append(zeros: start + offset - output.count)
            writeCopy(into: &output)
        }
        output.append(zeros: start + Self.blockByteCount - output.count)
    }

    private func writeCopy(into output: inout ByteBuffer) {
        let start = output.count
        output.append(kind.magic)
        output.append(littleEndian: Self.format)
        output.append(littleEndian: mode.code)
        output.append(littleEndian: number)
        output.append(littleEndian: firstPosition)
        output.append(littleEndian: syncedThrough)
        output.append(littleEndian: salt)
        output.append(bootID.bytes)
        output.append(littleEndian: UInt32(isRecycled ? 1 : 0))
        output.append(zeros: start + Self.byteCount - 4 - output.count)
        output.append(littleEndian: Self.check(output.bytes.extracting(start..<output.count)))
    }

    private static func check(_ bytes: Span<UInt8>) -> UInt32 { Checksum(salt: 0).of(bytes) }

    // MARK: Reading

    /// What the beginning of a file says.
    enum Reading: Equatable {
        case header(FileHeader)
        /// Nothing that was finished: zeros, the beginning of another use, or a write that a power cut tore.
        case none
        case newerFormat(UInt32)
    }

    /// Reads the block at a file's beginning, for a file whose name says `number`.
    static func read(_ block: Span<UInt8>, _ kind: Kind, number: UInt64) -> Reading {
        var other = false
        for offset in copyOffsets where offset + byteCount <= block.count {
            guard let header = FileHeader(copy: block.extracting(offset..<offset + byteCount), kind) else {
                continue
            }
            if header.number == number { return .header(header) }
            other = true
        }
        // Every format begins with its magic and its number. A sound header of another number is ours.
        guard !other, block.count >= byteCount, starts(block, with: kind.magic) else { return .none }
        let found: UInt32 = block.littleEndian(8)
        return found > format ? .newerFormat(found) : .none
    }

    private init?(copy: Span<UInt8>, _ kind: Kind) {
        let checked = Self.byteCount - 4
        guard Self.starts(copy, with: kind.magic),
            copy.littleEndian(checked) == Self.check(copy.extracting(..<checked)),
            copy.littleEndian(8) == Self.format,
            let mode = SyncMode(code: copy.littleEndian(12)),
            let bootID = BootID(bytes: copy.extracting(48..<48 + BootID.byteCount))
        else { return nil }
        self.init(
            kind: kind, mode: mode, number: copy.littleEndian(16), firstPosition: copy.littleEndian(24),
            syncedThrough: copy.littleEndian(32), salt: copy.littleEndian(40), bootID: bootID,
            isRecycled: copy.littleEndian(88, as: UInt32.self) == 1)
        // Positions leave room for all that follow.
        guard firstPosition > 0, firstPosition < .max >> 1, syncedThrough < .max >> 1 else { return nil }
    }

    init(
        kind: Kind, mode: SyncMode, number: UInt64, firstPosition: UInt64, syncedThrough: UInt64,
        salt: UInt64,
        bootID: BootID, isRecycled: Bool
    ) {
        self.kind = kind
        self.mode = mode
        self.number = number
        self.firstPosition = firstPosition
        self.syncedThrough = syncedThrough
        self.salt = salt
        self.bootID = bootID
        self.isRecycled = isRecycled
    }

    private static func starts(_ bytes: Span<UInt8>, with magic: StaticString) -> Bool {
        for index in 0..<magic.utf8CodeUnitCount where bytes[index] != magic.utf8Start[index] { return false }
        return true
    }
}

/// When what was written is made safe from a power cut.
package enum SyncMode: String, Sendable, CaseIterable {
    /// Before anybody is told of it.
    case always
    /// At intervals.
    case interval
    /// When the system likes.
    case never

    /// As a header holds it.
    var code: UInt32 {
        switch self {
        case .always: 0
        case .interval: 1
        case .never: 2
        }
    }

    init?(code: UInt32) {
        guard let mode = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = mode
    }
}
