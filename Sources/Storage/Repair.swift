/// Cuts a damaged log, so that a gateway can start with what is before the damage.
package import Broker
internal import Primitives

/// What a repair has done.
package struct Repair: Sendable {
    /// What was found; nil: nothing was wrong, and nothing was changed.
    package let damage: StorageFailure?
    /// The last record that is kept.
    package let lastPosition: UInt64
    /// How many bytes of records behind the damage are given up, as far as they could be read.
    package let cutByteCount: Int

    /// Repairs a folder that nobody else may use meanwhile. It removes no segment: it begins a new one at the damage, with a record
    /// that says so, and by that all records from there on are stale. The next recovery finds it and is `shortened`.
    package init(
        _ folder: any StorageFolder, salt: UInt64 = .random(in: 0 ... .max),
        progress: RestoreProgress = RestoreProgress()
    ) throws {
        let recovery = try Recovery(folder, bootID: .none, progress: progress, toleratesDamage: true)
        try recovery.forEachRecord { _, _ in }
        damage = recovery.damage
        lastPosition = recovery.lastPosition
        cutByteCount = recovery.cutByteCount
        guard damage != nil else { return }
        try recovery.cut(salt: salt)
    }
}

extension Recovery {
    /// Adds a segment that says that the log was cut behind its last record. Then snapshots that are not whole go: one that reaches
    /// beyond the cut would still claim that something is missing.
    fileprivate func cut(salt: UInt64) throws(StorageFailure) {
        try appendCut(salt: salt)
        for damaged in damagedSnapshots { try folder.remove(damaged.file.name) }
        try folder.sync()
    }

    /// Makes a segment of one record, whole before its name is there: whoever starts from here on begins a new epoch.
    func appendCut(salt: UInt64) throws(StorageFailure) {
        let header = FileHeader(
            kind: .segment, mode: .never, number: nextNumber, firstPosition: lastPosition + 1,
            syncedThrough: lastPosition, salt: salt, bootID: .none, isRecycled: false)
        var bytes = ByteBuffer()
        header.write(into: &bytes)
        RecordHeader.write(
            .cut, position: lastPosition + 1, syncedThrough: lastPosition, header.checksum, into: &bytes)
        let file = try folder.create(FileName.unfinishedSegment, byteCount: bytes.count)
        try file.write(bytes.unsafeBytes, at: 0)
        try file.sync()
        try folder.rename(FileName.unfinishedSegment, to: FileName.segment(number: header.number).text)
        try folder.sync()
    }
}
