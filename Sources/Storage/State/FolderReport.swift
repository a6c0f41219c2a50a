/// What stands in a folder, and what a start would make of it.
package import Broker
package import Primitives

package struct FolderReport: Sendable {
    package struct File: Sendable {
        package let name: String
        package let byteCount: Int
    }

    /// A segment that begins with a record of this position; nil: it waits to be used.
    package struct Segment: Sendable {
        package let file: File
        package let firstPosition: UInt64?
    }

    /// What only reading everything tells.
    package struct State: Sendable {
        package let topicCount: Int
        /// Entries behind the snapshot, and the last record's position.
        package let entryCount: Int
        package let lastPosition: UInt64
        /// The last update's number.
        package let lastSequence: UInt64
        /// That of the last one that the snapshot holds; 0 without one.
        package let snapshotSequence: UInt64
        package let lineage: Lineage
        package let cutByteCount: Int
        package let continuity: Continuity
        package let notes: [String]
    }

    package static let format = FileHeader.format
    /// The newest first.
    package let snapshots: [File]
    /// Oldest first.
    package let segments: [Segment]
    /// What was not finished; the next start removes it.
    package let unfinished: [File]
    /// Who works in it; nil: nobody.
    package let holder: String?
    /// Why a start would be refused, or why nothing more is known. Nil with `holder`.
    package private(set) var failure: StorageFailure?
    /// Nil where somebody works in the folder, and where a start would be refused.
    package private(set) var state: State?

    package var byteCount: Int {
        (snapshots + segments.map(\.file) + unfinished).reduce(0) { $0 + $1.byteCount }
    }

    /// Reads all that is there, as a start does, unless somebody works in the folder.
    package init(
        of folder: any StorageFolder, bootID: BootID, epoch: Epoch, time: UnixTime, at now: Instant,
        progress: RestoreProgress = RestoreProgress()
    ) throws {
        let hold = try FolderHold(folder, as: "tidegate state info")
        defer { withExtendedLifetime(hold) {} }
        let holder = hold.other
        self.holder = holder
        let contents = try FolderContents(of: folder)
        snapshots = try contents.snapshots.compactMap { position throws(StorageFailure) in
            try File(FileName.snapshot(position: position).text, in: folder)
        }
        let begun = try holder == nil ? LogSegment.all(contents.segments, in: folder) : []
        segments = try contents.segments.compactMap { number throws(StorageFailure) in
            try File(FileName.segment(number: number).text, in: folder).map { file in
                Segment(file: file, firstPosition: begun.first { $0.number == number }?.firstPosition)
            }
        }
        unfinished = try contents.temporaries.compactMap { name throws(StorageFailure) in
            try File(name, in: folder)
        }
        guard holder == nil, !(snapshots.isEmpty && begun.isEmpty) else { return }
        do {
            let kept = try KeptState(
                reading: folder, bootID: bootID, epoch: epoch, time: time, at: now, progress: progress)
            state = State(kept)
        } catch let failure as StorageFailure {
            self.failure = failure
        }
    }
}

extension FolderReport.File {
    /// Nil where it is gone: a gateway works in the folder.
    fileprivate init?(_ name: String, in folder: any StorageFolder) throws(StorageFailure) {
        self.name = name
        do throws(StorageFailure) {
            byteCount = try folder.open(name).byteCount()
        } catch {
            guard error.isMissingFile else { throw error }
            return nil
        }
    }
}

extension FolderReport.State {
    fileprivate init(_ kept: KeptState) {
        topicCount = kept.topicCount
        entryCount = kept.entryCount
        lastPosition = kept.recovery.lastPosition
        lastSequence = kept.sequencer.sequence
        snapshotSequence = kept.snapshotSequence
        lineage = kept.sequencer.lineage
        cutByteCount = kept.recovery.cutByteCount
        continuity = kept.recovery.continuity
        notes = kept.notes
    }
}
