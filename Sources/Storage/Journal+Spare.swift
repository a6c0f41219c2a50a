/// The next segment is made ahead of time, so that a full disk is met here and not within a record.

extension Journal {
    /// Whether the next segment should be made now.
    package var needsSpare: Bool { spare == nil && !isMakingSpare }

    /// The next segment, to be made; nil if there is one with room for a record of `bodyByteCount`, or one is being made.
    package func beginSpare(for bodyByteCount: Int = 0) throws(StorageFailure) -> PendingSpare? {
        try demandLife()
        guard bodyByteCount <= RecordHeader.bodyByteCountLimit else {
            throw .tooLarge(byteCount: bodyByteCount, limit: RecordHeader.bodyByteCountLimit)
        }
        let framed = RecordHeader.framedByteCount(bodyByteCount)
        guard !isMakingSpare, framed > spare?.freeByteCount ?? -1 else { return nil }
        isMakingSpare = true
        let byteCount = max(
            options.segmentByteCount, FileHeader.blockByteCount + framed + RecordHeader.byteCount)
        // A spare that is too small is replaced under its number: were the number left out, a segment would seem to be missing.
        let number = spare?.number ?? nextNumber
        spare = nil
        nextNumber = number + 1
        let place = retired.firstIndex { $0.byteCount >= byteCount }
        return PendingSpare(
            folder: folder, number: number, byteCount: byteCount,
            recycled: place.map { retired.remove(at: $0) })
    }

    /// Takes note of how `run` ended. If it failed, records go on until the current segment is full, and it can be tried again.
    package func finish(_ pending: PendingSpare, _ result: Result<SpareSegment, StorageFailure>)
        throws(StorageFailure)
    {
        precondition(isMakingSpare, "a spare was made that nobody asked for")
        isMakingSpare = false
        // Where its name stands now is not known: it is left to the next recovery.
        if case .failure = result { nextNumber = pending.number }
        spare = try result.get()
    }

    /// The three steps in a row.
    package func makeSpare(for bodyByteCount: Int = 0) throws(StorageFailure) {
        guard let pending = try beginSpare(for: bodyByteCount) else { return }
        try finish(pending, pending.run())
    }
}

/// A segment that is to be made, on any thread: it has a number that no other file has.
package struct PendingSpare: Sendable {
    let folder: any StorageFolder
    let number: UInt64
    let byteCount: Int
    let recycled: RetiredSegment?

    /// The name is safe before anything is written to the file. So a segment that records began is never missing.
    package func run() -> Result<SpareSegment, StorageFailure> {
        Result { () throws(StorageFailure) in
            let name = FileName.segment(number: number).text
            if let recycled {
                try folder.rename(recycled.name, to: name)
                let file = try folder.open(name)
                try folder.sync()
                return SpareSegment(
                    number: number, file: file, byteCount: recycled.byteCount, isRecycled: true)
            }
            let file = try folder.create(FileName.unfinishedSegment, byteCount: byteCount)
            try file.sync()
            try folder.rename(FileName.unfinishedSegment, to: name)
            try folder.sync()
            return SpareSegment(number: number, file: file, byteCount: byteCount, isRecycled: false)
        }
    }
}

/// A file that is to be the next segment.
package struct SpareSegment: Sendable {
    let number: UInt64
    let file: any StoredFile
    let byteCount: Int
    let isRecycled: Bool

    var freeByteCount: Int { Segment.freeByteCount(of: byteCount) }
}

/// A file that is a segment no longer.
struct RetiredSegment: Sendable {
    let name: String
    let byteCount: Int
}
