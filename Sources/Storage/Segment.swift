/// One file of the log, as the journal that writes it knows it.

/// Owned by the journal's thread.
final class Segment {
    let number: UInt64
    let file: any StoredFile
    /// What the file takes on the disk.
    var byteCount: Int
    let firstPosition: UInt64
    let checksum: Checksum
    /// The position of the last record that was appended.
    var lastPosition: UInt64
    /// How much of the file is taken, written or not.
    var usedByteCount: Int

    init(
        number: UInt64, file: any StoredFile, byteCount: Int, firstPosition: UInt64, lastPosition: UInt64,
        usedByteCount: Int, checksum: Checksum
    ) {
        self.number = number
        self.file = file
        self.byteCount = byteCount
        self.firstPosition = firstPosition
        self.lastPosition = lastPosition
        self.usedByteCount = usedByteCount
        self.checksum = checksum
    }

    var name: String { FileName.segment(number: number).text }

    /// What is free, beyond the place that is kept for a record of the end.
    var freeByteCount: Int { Self.freeByteCount(of: byteCount, used: usedByteCount) }

    static func freeByteCount(of byteCount: Int, used: Int = FileHeader.blockByteCount) -> Int {
        max(0, byteCount - used - RecordHeader.byteCount)
    }
}
