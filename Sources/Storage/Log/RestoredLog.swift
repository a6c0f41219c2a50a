/// A folder that this process holds: its state as the files have it, and a journal that goes on behind them.
internal import Broker
internal import Primitives

/// Which rules of `topics` hold from here on.
enum RulesFrom {
    /// These, whatever the folder says.
    case these(Sequencer.Retention)
    /// The folder's own; a new folder begins with these.
    case folder(else: Sequencer.Retention)

    fileprivate var stated: Sequencer.Retention {
        switch self {
        case .these(let rules), .folder(else: let rules): rules
        }
    }

    fileprivate func rules(over sequencer: Sequencer, _ continuity: Continuity) -> Sequencer.Retention {
        guard case .folder = self, continuity != .fresh else { return stated }
        return sequencer.rules
    }
}

/// Made on one thread, which blocks.
struct RestoredLog {
    let lock: any FolderLock
    let journal: Journal
    let sequencer: Sequencer
    /// The log's, as it goes on from here.
    let clock: LogClock
    let report: OpenedJournal.Report
    /// When the snapshot was the state; nil without one.
    let snapshotTime: UnixTime?

    /// - Parameters:
    ///   - lock: the folder's, which this process holds.
    ///   - sequencer: takes the state over; nil: a new one.
    ///   - epoch: begins where the folder's own can't go on.
    init(
        _ folder: any StorageFolder, _ options: JournalOptions, holding lock: any FolderLock,
        into sequencer: Sequencer? = nil, epoch: Epoch, _ rulesFrom: RulesFrom, time: UnixTime,
        at now: Instant, progress: RestoreProgress
    ) throws {
        self.lock = lock
        let recovery = try Recovery(folder, bootID: options.bootID, progress: progress)
        var restart = LogRestart(
            into: sequencer ?? Sequencer(epoch: epoch, retention: rulesFrom.stated))
        let clock = try restart.takeAll(of: recovery, time: time, at: now)
        journal = try Journal(after: recovery, options)
        report = OpenedJournal.Report(
            topicCount: restart.sequencer.topicCount, entryCount: restart.entryCount,
            cutByteCount: recovery.cutByteCount, continuity: recovery.continuity, notes: recovery.notes)
        let beginning = JournalBeginning(
            recovery.continuity, of: restart.sequencer, epoch,
            rulesFrom.rules(over: restart.sequencer, recovery.continuity),
            at: LogEntry.Moment(time: time, instant: clock.reading(at: now)))
        try beginning.append(to: journal)
        try beginning.apply(to: restart.sequencer, by: clock)
        self.sequencer = restart.sequencer
        self.clock = clock
        snapshotTime = restart.checkpointTime
    }
}

extension LogRestart {
    /// Takes over all that a folder's files hold. Returns the log's clock, as it goes on from here.
    mutating func takeAll(of recovery: Recovery, time: UnixTime, at now: Instant) throws -> LogClock {
        try recovery.forEachChunk { chunk in
            try chunk.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try restore(bytes) }
        }
        try recovery.forEachRecord { _, body in
            try body.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try apply(bytes) }
        }
        guard let last else { return LogClock() }
        let clock = LogClock(after: last, time: time, at: now)
        finish()
        sequencer.live(by: clock)
        return clock
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
