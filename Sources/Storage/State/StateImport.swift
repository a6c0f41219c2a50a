/// Updates that are appended to a folder's log while no gateway works in it: the next start finds them.
package import Broker
package import Primitives

/// Owned by one thread, which blocks. Nothing but the log changes: nobody is there who reads.
package final class StateImport {
    /// What was there before.
    package let report: OpenedJournal.Report
    private let log: RestoredLog
    private var entry = ByteBuffer()

    /// - Parameters:
    ///   - rules: of `topics`; a new folder begins with them, one that is there keeps its own.
    ///   - epoch: begins where the folder's own can't go on.
    package init(
        into folder: any StorageFolder, rules: Sequencer.Retention, segmentByteCount: Int, bootID: BootID,
        epoch: Epoch, time: UnixTime, at now: Instant, progress: RestoreProgress = RestoreProgress()
    ) throws {
        log = try RestoredLog(
            folder, JournalOptions(mode: .always, segmentByteCount: segmentByteCount, bootID: bootID),
            holding: try folder.lock(as: "tidegate state import"), epoch: epoch, .folder(else: rules),
            time: time, at: now,
            progress: progress)
        report = log.report
    }

    /// Appends a batch, which is safe when this returns.
    package func append(_ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant)
        throws(StorageFailure)
    {
        entry.removeAll()
        LogEntry.write(
            batch, at: LogEntry.Moment(time: time, instant: log.clock.reading(at: now)), to: &entry)
        if Journal.framedByteCount(entry.count) > log.journal.roomLeft {
            try log.journal.makeSpare(for: entry.count)
        }
        _ = try log.journal.append(entry.unsafeBytes.span)
        try log.journal.write()
        try log.journal.sync()
    }

    /// Says in the log that nothing is missing.
    package func close() throws(StorageFailure) { try log.journal.close() }
}
