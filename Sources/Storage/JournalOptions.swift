/// How a journal writes.

package struct JournalOptions: Sendable {
    /// 64 MiB: few files, and one is made in a moment.
    package static let defaultSegmentByteCount = 64 << 20
    /// A header, and place for something.
    package static let minimumSegmentByteCount = 16 << 10

    package var mode: SyncMode
    package var segmentByteCount: Int
    package var bootID: BootID
    /// Tests want the same salts again.
    package var makeSalt: @Sendable () -> UInt64

    package init(
        mode: SyncMode, segmentByteCount: Int = defaultSegmentByteCount, bootID: BootID,
        makeSalt: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) }
    ) {
        precondition(segmentByteCount >= Self.minimumSegmentByteCount, "a segment has no place for records")
        self.mode = mode
        self.segmentByteCount = segmentByteCount
        self.bootID = bootID
        self.makeSalt = makeSalt
    }
}
