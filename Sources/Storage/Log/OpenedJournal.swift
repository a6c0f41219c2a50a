/// A folder that is opened: what was kept is there again, and goes on.
package import Broker
package import Primitives

/// Made on one thread, which blocks. `work` is for whoever drives it then, by steps.
package struct OpenedJournal {
    package let log: JournalLog
    package let work: JournalWork
    package let report: Report

    /// What was found.
    package struct Report: Sendable {
        package let topicCount: Int
        package let entryCount: Int
        /// Bytes of records that were never safe, and were not whole.
        package let cutByteCount: Int
        package let continuity: Continuity
        /// What is not as it should be, and cost nothing.
        package let notes: [String]
    }

    /// What other processes are told of one that holds a folder for this.
    package static let holder = "a Tidegate gateway"

    /// - Parameters:
    ///   - lock: the folder's, where this process holds it already.
    ///   - sequencer: takes the state over: one that is new and has these rules; nil: one is made.
    ///   - rules: what the configuration says; what was kept goes by them from here on.
    ///   - handOut: where chores go. The thread that steps calls it.
    package init(
        _ folder: any StorageFolder, _ settings: JournalSettings, holding lock: (any FolderLock)? = nil,
        into sequencer: Sequencer? = nil, bootID: BootID, epoch: Epoch,
        rules: Sequencer.Retention, time: UnixTime, at now: Instant,
        progress: RestoreProgress = RestoreProgress(),
        makeSalt: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) },
        tell: @escaping @Sendable (JournalNotice) -> Void, handOut: @escaping (JournalChore) -> Void
    ) throws {
        let restored = try RestoredLog(
            folder,
            JournalOptions(
                mode: settings.mode, segmentByteCount: settings.segmentByteCount, bootID: bootID,
                makeSalt: makeSalt),
            holding: try lock ?? folder.lock(as: Self.holder), into: sequencer, epoch: epoch, .these(rules),
            time: time, at: now, progress: progress)
        report = restored.report
        let intake = Monitor(JournalIntake())
        let meter = JournalMeter()
        meter.change { $0.snapshotTime = restored.snapshotTime }
        log = JournalLog(restored.sequencer, by: restored.clock, intake, meter)
        work = JournalWork(
            restored.journal, holding: restored.lock, restored.sequencer, by: restored.clock, settings,
            intake, meter, tell: tell, handOut: handOut)
    }
}
