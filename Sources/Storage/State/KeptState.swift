/// What a folder keeps, read and not changed.
package import Broker
package import Primitives

/// Made on one thread, which blocks; holds all of the state in memory, as a gateway does.
package struct KeptState {
    let recovery: Recovery
    let sequencer: Sequencer
    /// How many entries the log has behind the snapshot.
    package let entryCount: Int
    /// The number of the last update that the snapshot holds; 0 without one.
    let snapshotSequence: UInt64
    /// What is not as it should be, and cost nothing.
    package var notes: [String] { recovery.notes }

    package init(
        reading folder: any StorageFolder, bootID: BootID, epoch: Epoch, time: UnixTime, at now: Instant,
        progress: RestoreProgress = RestoreProgress()
    ) throws {
        recovery = try Recovery(folder, bootID: bootID, progress: progress)
        guard recovery.snapshot != nil || !recovery.segments.isEmpty else {
            throw StorageFailure.nothingKept(path: folder.path)
        }
        var restart = LogRestart(into: Sequencer(epoch: epoch))
        _ = try restart.takeAll(of: recovery, time: time, at: now)
        sequencer = restart.sequencer
        entryCount = restart.entryCount
        snapshotSequence = restart.checkpointSequence
    }

    /// Topics that hold a value.
    package var topicCount: Int { sequencer.topicCount }

    /// Hands out the lines of all topics, some topics' at a time, and how many lines they are. A value that is over by `now` is left
    /// out.
    package func forEachPieceOfLines(
        at now: Instant, _ take: (inout ByteBuffer, _ lineCount: Int) throws -> Void
    ) throws {
        _ = sequencer.beginStateWalk()
        defer { sequencer.endStateWalk() }
        var lines = ByteBuffer()
        while let topics = sequencer.takeStates() {
            for topic in topics {
                let count = try topic.writeLines(to: &lines, at: now)
                if count > 0 { try take(&lines, count) }
            }
        }
    }
}
