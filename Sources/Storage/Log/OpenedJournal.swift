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

    /// - Parameters:
    ///   - rules: what the configuration says; what was kept goes by them from here on.
    ///   - handOut: where chores go. The thread that steps calls it.
    package init(
        _ folder: any StorageFolder, _ settings: JournalSettings, bootID: BootID, epoch: Epoch,
        rules: Sequencer.Retention, time: UnixTime, at now: Instant,
        progress: RecoveryProgress = RecoveryProgress(),
        makeSalt: @escaping @Sendable () -> UInt64 = { .random(in: 0 ... .max) },
        tell: @escaping @Sendable (JournalNotice) -> Void, handOut: @escaping (JournalChore) -> Void
    ) throws {
        let lock = try folder.lock(as: "a Tidegate gateway")
        let recovery = try Recovery(folder, bootID: bootID, progress: progress)
        let restart = try JournalRestart(recovery, epoch: epoch, rules, time: time, at: now)
        let journal = try Journal(
            after: recovery,
            JournalOptions(
                mode: settings.mode, segmentByteCount: settings.segmentByteCount, bootID: bootID,
                makeSalt: makeSalt))
        report = Report(
            topicCount: restart.sequencer.topicCount, entryCount: restart.entryCount,
            cutByteCount: recovery.cutByteCount, continuity: recovery.continuity, notes: recovery.notes)
        let beginning = JournalBeginning(
            recovery.continuity, of: restart.sequencer, epoch, rules,
            at: LogEntry.Moment(time: time, instant: restart.clock.reading(at: now)))
        try beginning.append(to: journal)
        try beginning.apply(to: restart.sequencer, by: restart.clock)
        let intake = Monitor(JournalIntake())
        log = JournalLog(restart.sequencer, by: restart.clock, intake)
        work = JournalWork(
            journal, holding: lock, restart.sequencer, by: restart.clock, settings, intake,
            tell: tell, handOut: handOut)
    }
}

/// The entries that a start appends before anybody publishes: the epoch where a new one begins, and the rules where they are others.
private struct JournalBeginning {
    private var entries: [[UInt8]] = []

    init(
        _ continuity: Continuity, of sequencer: Sequencer, _ epoch: Epoch, _ rules: Sequencer.Retention,
        at moment: LogEntry.Moment
    ) {
        var entry = ByteBuffer()
        switch continuity {
        case .fresh: LogEntry.write(epoch, after: nil, at: moment, to: &entry)
        case .shortened: LogEntry.write(epoch, after: sequencer.sequence, at: moment, to: &entry)
        case .whole: break
        }
        if entry.count > 0 { entries.append(entry.bytes.array) }
        if case .fresh = continuity {} else if sequencer.rules.hasRules(of: rules) { return }
        entry.removeAll()
        LogEntry.write(rules, at: moment, to: &entry)
        entries.append(entry.bytes.array)
    }

    /// They are safe before anybody is told of the epoch.
    func append(to journal: Journal) throws(StorageFailure) {
        do throws(StorageFailure) {
            try journal.makeSpare(for: entries.map(\.count).max() ?? 0)
        } catch {
            // What was kept can be read on a full disk, if nothing need be written for that.
            guard error.isFullDisk, entries.isEmpty else { throw error }
        }
        for entry in entries { _ = try journal.append(entry.span) }
        try journal.write()
        try journal.sync()
    }

    func apply(to sequencer: Sequencer, by clock: LogClock) throws(LogEntryFailure) {
        var batch = UpdateBatch()
        var reserved = 0
        for entry in entries {
            try entry.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in
                _ = try sequencer.apply(bytes, by: clock, reading: &batch, reserved: &reserved)
            }
        }
    }
}
