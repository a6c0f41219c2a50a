/// Snapshots bound the log: two are kept, and the segments that follow the older one.

extension Journal {
    /// How many files wait to become spares; the others go.
    static let retiredCountLimit = 2

    /// A snapshot of what the records up to `position` make; nil if one is being written, or none of them is of this run: its header
    /// says how the run syncs that wrote the last of them.
    package func beginSnapshot(at position: UInt64) throws(StorageFailure) -> PendingSnapshot? {
        try demandLife()
        precondition(position <= writtenThrough, "a snapshot of records that are not written")
        let last = snapshots.last?.position ?? 0
        guard !isMakingSnapshot, position > max(last, recoveredThrough) else { return nil }
        isMakingSnapshot = true
        noteSnapshot()
        let header = FileHeader(
            kind: .snapshot, mode: options.mode, number: position, firstPosition: 1,
            syncedThrough: syncedThrough,
            salt: options.makeSalt(), bootID: options.bootID, isRecycled: false)
        // When it is there, the last one is the older of two.
        let covered = left.filter { $0.lastPosition <= last }
        let recycled = recyclable(covered)
        let obsolete = covered.filter { segment in !recycled.contains { $0.name == segment.name } }
        return PendingSnapshot(
            folder: folder, header: header, obsolete: snapshots.dropLast().map(\.name) + obsolete.map(\.name),
            recyclable: recycled)
    }

    private func recyclable(_ segments: [Segment]) -> [RetiredSegment] {
        let wanted = max(0, Self.retiredCountLimit - retired.count)
        return segments.filter { $0.byteCount == options.segmentByteCount }.prefix(wanted)
            .map { RetiredSegment(name: $0.name, byteCount: $0.byteCount) }
    }

    /// Takes note that a snapshot counts.
    package func finish(_ finished: FinishedSnapshot) {
        precondition(isMakingSnapshot, "a snapshot ended that never began")
        isMakingSnapshot = false
        snapshots.removeAll { finished.removed.contains($0.name) }
        snapshots.append(finished.snapshot)
        retired += finished.retired
        let gone = finished.removed.union(finished.retired.map(\.name))
        for segment in left where gone.contains(segment.name) { forget(segment) }
        left.removeAll { gone.contains($0.name) }
    }

    /// Takes note that a snapshot was abandoned, or failed.
    package func abandonSnapshot() {
        precondition(isMakingSnapshot, "a snapshot ended that never began")
        isMakingSnapshot = false
    }

    /// Files of the log, those too that wait to be used.
    var segmentCount: Int { left.count + (current == nil ? 0 : 1) + (spare == nil ? 0 : 1) + retired.count }

    /// What all files of the journal take on the disk.
    package var byteCountOnDisk: Int {
        left.reduce(0) { $0 + $1.byteCount } + (current?.byteCount ?? 0) + (spare?.byteCount ?? 0)
            + retired.reduce(0) { $0 + $1.byteCount } + snapshots.reduce(0) { $0 + $1.byteCount }
    }
}
