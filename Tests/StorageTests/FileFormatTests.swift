import Primitives
import Testing

@testable import Storage

/// The bytes of docs/journal-format.md. Whoever changes them must change the number of the format.
@Suite struct FileFormatTests {
    private static let header = FileHeader(
        kind: .segment, mode: .interval, number: 12, firstPosition: 345, syncedThrough: 344,
        salt: 0x0102_0304_0506_0708, bootID: BootID("9f1c52c0-4e0e-4f7a-8d2b-0c5a6e7f8091"), isRecycled: true)

    private static func block(_ header: FileHeader = header) -> [UInt8] {
        var output = ByteBuffer()
        header.write(into: &output)
        return output.array
    }

    private static func record(_ body: [UInt8]) -> [UInt8] {
        var output = ByteBuffer()
        RecordHeader.write(
            .entry, body.span, position: 345, syncedThrough: 344, header.checksum, into: &output)
        return output.array
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    @Test func aHeaderIsAsTheDocumentSays() {
        let block = Self.block()
        #expect(block.count == 8192)
        #expect(
            hex(block[..<88])
                == "5447" + "4a524e4c0d0a" + "01000000" + "01000000" + "0c00000000000000" + "5901000000000000"
                + "5801000000000000" + "0807060504030201" + hex("9f1c52c0-4e0e-4f7a-8d2b-0c5a6e7f8091".utf8)
                + "00000000")
        #expect(hex(block[88..<92]) == "01000000")
        #expect(block[92..<124].allSatisfy { $0 == 0 })
        #expect(block[..<128] == block[4096..<4224].map { $0 }[...])
    }

    @Test func aRecordIsAsTheDocumentSays() {
        let record = Self.record([0x61, 0x62, 0x63])
        #expect(record.count == 40)
        #expect(hex(record[..<4]) == "03000000")
        #expect(hex(record[8..<28]) == "5901000000000000" + "5801000000000000" + "01000000")
        #expect(hex(record[32...]) == "6162630000000000")
    }

    @Test func whatIsWrittenIsRead() {
        #expect(FileHeader.read(Self.block().span, .segment, number: 12) == .header(Self.header))
        let header = RecordHeader(Self.record([1, 2, 3]).span, Self.header.checksum)
        #expect(header?.bodyByteCount == 3 && header?.position == 345 && header?.syncedThrough == 344)
        #expect(header?.kind == .entry && header?.framedByteCount == 40)
    }

    @Test func noBitOfARecordsHeaderMayChange() {
        let record = Self.record([1, 2, 3])
        for bit in 0..<RecordHeader.byteCount * 8 {
            var changed = record
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(RecordHeader(changed.span, Self.header.checksum) == nil, "bit \(bit)")
        }
        #expect(RecordHeader(record.span, Checksum(salt: 1)) == nil)
        #expect(RecordHeader([UInt8](repeating: 0, count: 32).span, Self.header.checksum) == nil)
    }

    /// One copy is enough, and two that are wrong are none.
    @Test func noBitOfBothHeadersMayChange() {
        let block = Self.block()
        for bit in 0..<FileHeader.byteCount * 8 where bit / 8 < 8 || bit / 8 >= 12 {
            var changed = block
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(FileHeader.read(changed.span, .segment, number: 12) == .header(Self.header), "bit \(bit)")
            changed[4096 + bit / 8] ^= 1 << (bit % 8)
            #expect(FileHeader.read(changed.span, .segment, number: 12) == .none, "bit \(bit)")
        }
    }

    @Test func aHeaderIsOfOneFileAndOneKind() {
        #expect(FileHeader.read(Self.block().span, .segment, number: 13) == .none)
        #expect(FileHeader.read(Self.block().span, .snapshot, number: 12) == .none)
        #expect(FileHeader.read([UInt8]().span, .segment, number: 12) == .none)
        for byteCount in [1, 11, 12, 127, 128, 4096, 4223] {
            let cut = Array(Self.block()[..<byteCount])
            let expected: FileHeader.Reading = byteCount < 128 ? .none : .header(Self.header)
            #expect(FileHeader.read(cut.span, .segment, number: 12) == expected)
        }
    }

    @Test func aNewerFormatIsNamed() {
        var block = Self.block()
        for offset in FileHeader.copyOffsets { block[offset + 8] = 2 }
        #expect(FileHeader.read(block.span, .segment, number: 12) == .newerFormat(2))
    }

    @Test func namesSayWhatFilesAre() {
        #expect(FileName("journal-000000000012.tgj") == .segment(number: 12))
        #expect(FileName("journal-1000000000012.tgj") == .segment(number: 1_000_000_000_012))
        #expect(FileName("state-000000000123.tgs") == .snapshot(position: 123))
        #expect(FileName("state-000000000123.tgs.tmp") == .temporary)
        #expect(FileName("journal.tgj.tmp") == .temporary)
        for other in [
            "lock", "journal-12.tgj", "journal-0000000000012.tgj", "journal-.tgj", "journal-00000000001x.tgj",
            "journal-18446744073709551615.tgj", "journal--00000000012.tgj", "state-000000000123.tgj",
        ] {
            #expect(FileName(other) == nil, "\(other)")
        }
    }
}
