/// What is to be found in a segment behind the last record that counts.

struct RestSearch {
    /// The highest mark of a record that is not stale.
    private(set) var syncedThrough: UInt64 = 0
    /// How many bytes were written there in the segment's present use, as far as that can be seen.
    private(set) var byteCount = 0

    /// Records begin at multiples of eight. Whatever the bytes are, each is looked at once, or twice as a part of a body.
    init(_ segment: LogSegment, from offset: Int) throws(StorageFailure) {
        let reader = try RecordReader(segment.file, segment.header.checksum, at: offset)
        while !reader.isAtEnd {
            switch try reader.read() {
            case .record(let record):
                note(record, segment, through: reader.offset + record.framedByteCount - offset)
                reader.pass(record.framedByteCount)
            case .torn(let record):
                let end = min(reader.offset + record.framedByteCount, reader.byteCount)
                note(record, segment, through: end - offset)
                reader.pass(RecordHeader.byteCount)
            case .nothing:
                if !segment.header.isRecycled, try !reader.isZero() { byteCount = reader.offset + 8 - offset }
                reader.pass(8)
            }
        }
    }

    private mutating func note(_ record: RecordHeader, _ segment: LogSegment, through end: Int) {
        guard record.position < segment.positionLimit else { return }
        syncedThrough = max(syncedThrough, record.syncedThrough)
        byteCount = max(byteCount, end)
    }
}
