/// CRC-32 as zlib and PNG have it, over bytes of a file behind the file's salt.
internal import CZlib

struct Checksum {
    /// That of the salt alone, from which each goes on.
    private let start: UInt

    /// The salt makes the bytes that an earlier use of the same file left behind fail, and cannot be guessed by those who
    /// choose what records hold.
    init(salt: UInt64) {
        let bytes = withUnsafeBytes(of: salt.littleEndian) { Array($0) }
        start = crc32(0, bytes, UInt32(bytes.count))
    }

    func of(_ bytes: Span<UInt8>) -> UInt32 {
        bytes.withUnsafeBufferPointer { bytes in
            // Of no place zlib makes zero, whatever it starts from.
            let sum = bytes.isEmpty ? start : crc32_z(start, bytes.baseAddress, bytes.count)
            return UInt32(truncatingIfNeeded: sum)
        }
    }
}
