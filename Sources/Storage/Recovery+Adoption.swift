/// From a folder that was read to one that is written to.
internal import Primitives

extension Recovery {
    /// What a journal goes on with.
    struct Log {
        var lastPosition: UInt64
        var segments: [Segment] = []
        var retired: [RetiredSegment] = []
        var nextNumber: UInt64
        var snapshots: [SnapshotFile] = []
        var byteCountSinceSnapshot = 0
    }

    /// Makes what was read safe, and removes what nobody needs: what has been read may be in memory alone, and later records will
    /// say that it is on the disk.
    func adopt(segmentByteCount: Int) throws(StorageFailure) -> Log {
        let walk = readLog
        precondition(damage == nil, "a journal cannot go on behind damage")
        var log = Log(lastPosition: walk.lastPosition, nextNumber: nextNumber)
        log.segments = coveredSegments(before: walk.firstIndex) + readSegments(walk)
        for visit in walk.visited {
            if visit.lastPosition > walk.syncedThrough { try visit.writeAgain() }
            log.byteCountSinceSnapshot += visit.offset - FileHeader.blockByteCount
        }
        if let last = log.segments.last, last.usedByteCount < last.byteCount {
            try last.file.truncate(to: last.usedByteCount)
            last.byteCount = last.usedByteCount
        }
        for segment in log.segments { try segment.file.sync() }
        try blankSegments(beyond: log)
        log.snapshots = try keptSnapshots()
        log.retired = try clearAway(keeping: log, segmentByteCount: segmentByteCount)
        try folder.sync()
        return log
    }

    /// Takes the headers of segments that lie beyond the end. Were they removed instead, a power cut could bring one of them back
    /// and not the ones before it, and files would seem to be missing.
    private func blankSegments(beyond log: Log) throws(StorageFailure) {
        var zeros = ByteBuffer()
        zeros.append(zeros: FileHeader.blockByteCount)
        for segment in segments where !log.segments.contains(where: { $0.number == segment.number }) {
            try segment.file.write(zeros.unsafeBytes, at: 0)
            try segment.file.sync()
        }
    }

    /// Segments that the snapshot covers. They are kept for the older one.
    private func coveredSegments(before firstIndex: Int) -> [Segment] {
        guard firstIndex < segments.endIndex else { return [] }
        return segments[..<firstIndex].indices.map { index in
            segments[index].forWriting(
                lastPosition: segments[index + 1].firstPosition - 1, usedByteCount: segments[index].byteCount)
        }
    }

    private func readSegments(_ walk: LogWalk) -> [Segment] {
        walk.visited.filter { $0.lastPosition >= $0.segment.firstPosition }
            .map { $0.segment.forWriting(lastPosition: $0.lastPosition, usedByteCount: $0.offset) }
    }

    private func keptSnapshots() throws(StorageFailure) -> [SnapshotFile] {
        guard let snapshot else { return [] }
        guard let older = contents.snapshots.first(where: { $0 < snapshot.file.position }) else {
            return [snapshot.file]
        }
        return [try SnapshotFile(position: older, in: folder), snapshot.file]
    }

    /// Removes all other files of ours, but for some that can be segments again.
    private func clearAway(keeping log: Log, segmentByteCount: Int) throws(StorageFailure) -> [RetiredSegment]
    {
        for name in contents.temporaries { try folder.remove(name) }
        for position in contents.snapshots where !log.snapshots.contains(where: { $0.position == position }) {
            try folder.remove(FileName.snapshot(position: position).text)
        }
        var retired: [RetiredSegment] = []
        for number in contents.segments where !log.segments.contains(where: { $0.number == number }) {
            let name = FileName.segment(number: number).text
            let byteCount = try folder.open(name).byteCount()
            if byteCount == segmentByteCount, retired.count < Journal.retiredCountLimit {
                retired.append(RetiredSegment(name: name, byteCount: byteCount))
            } else {
                try folder.remove(name)
            }
        }
        return retired
    }
}

extension LogWalk.Visit {
    /// Writes what was read as it is. If a sync has failed before, the system may take for safe what is only in memory, and a sync
    /// alone would write nothing. Of the header a power cut may have left one copy.
    fileprivate func writeAgain() throws(StorageFailure) {
        let pieceByteCount = 1 << 20
        var piece = ByteBuffer()
        segment.header.write(into: &piece)
        try segment.file.write(piece.unsafeBytes, at: 0)
        for place in stride(from: FileHeader.blockByteCount, to: offset, by: pieceByteCount) {
            let wanted = min(pieceByteCount, offset - place)
            piece.removeAll()
            _ = try piece.appendUnsafe(upTo: wanted) { free throws(StorageFailure) in
                try segment.file.read(into: UnsafeMutableBufferPointer(rebasing: free[..<wanted]), at: place)
            }
            try segment.file.write(piece.unsafeBytes, at: place)
        }
    }
}

extension LogSegment {
    fileprivate func forWriting(lastPosition: UInt64, usedByteCount: Int) -> Segment {
        Segment(
            number: number, file: file, byteCount: byteCount, firstPosition: firstPosition,
            lastPosition: lastPosition, usedByteCount: usedByteCount, checksum: header.checksum)
    }
}
