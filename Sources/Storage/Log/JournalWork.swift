/// The journal's own part of an update's way: from the intake into the files, and from there into the order.
internal import Broker
package import Primitives

/// Owned by one thread, which calls `step` when something has come and when `nextDeadline` has. What takes long it hands out as
/// chores, whose reports come back by the intake.
package final class JournalWork {
    let journal: Journal
    let sequencer: Sequencer
    let clock: LogClock
    let settings: JournalSettings
    let intake: Monitor<JournalIntake>
    private let meter: JournalMeter
    /// Keeps other processes out while this one writes.
    private let lock: any FolderLock
    private let tell: @Sendable (JournalNotice) -> Void
    /// Where chores go.
    private let handOut: (JournalChore) -> Void

    // MARK: On the way

    /// Entries that are not in the journal yet, and those that are and wait to be written and applied.
    private var taken = WaitingEntries()
    private var appended = WaitingEntries()
    private var batch = UpdateBatch()
    /// Reused for the topics that are due.
    private var due = UpdateBatch()
    private var nextSync = Instant.never
    /// When the disk is tried again that was full.
    private var nextTry = Instant.never
    private var nextSnapshot = Instant(nanoseconds: 0)
    private var lastSnapshotByteCount = 0
    /// Of the one that is being written.
    private var snapshotTime: UnixTime?
    private var isFull = false
    private var isRefusing = false
    private(set) package var isOver = false
    private var isClosing = false
    private var choreCount = 0
    /// A snapshot keeps nobody waiting at the end: the log has all that it would say.
    private let snapshotStop = SnapshotStop()

    /// A topic that was named as due and has not ended after so long is named again.
    private static let patience = Interval(milliseconds: 5000)
    private static let retryInterval = Interval(milliseconds: 1000)

    init(
        _ journal: Journal, holding lock: any FolderLock, _ sequencer: Sequencer, by clock: LogClock,
        _ settings: JournalSettings,
        _ intake: Monitor<JournalIntake>, _ meter: JournalMeter,
        tell: @escaping @Sendable (JournalNotice) -> Void, handOut: @escaping (JournalChore) -> Void
    ) {
        self.journal = journal
        self.lock = lock
        self.sequencer = sequencer
        self.clock = clock
        self.settings = settings
        self.intake = intake
        self.meter = meter
        self.tell = tell
        self.handOut = handOut
        meter.note(filesOf: journal)
    }

    /// When `step` has something to do though nothing has come.
    package var nextDeadline: Instant {
        min(nextSync, nextTry, appended.isEmpty && taken.isEmpty ? sequencer.nextExpiry : .never)
    }

    /// Does what is to be done now.
    package func step(time: UnixTime, at now: Instant) {
        if isOver { return }
        let (reports, isToClose) = intake.withLock { intake in
            defer { (intake.reports, intake.isClosing) = ([], false) }
            if taken.isEmpty { swap(&taken, &intake.entries) }
            return (intake.reports, intake.isClosing)
        }
        isClosing = isClosing || isToClose
        if isClosing { snapshotStop.want() }
        if isClosing, isFull { nextTry = .never }
        do throws(StorageFailure) {
            for report in reports { try take(report, at: now) }
            if now >= nextTry { nextTry = .never }
            if nextTry == .never { try goOn(time: time, at: now) }
            try startChores(time: time, at: now)
            if isClosing, taken.isEmpty, appended.isEmpty, choreCount == 0 { try close() }
        } catch {
            fail(error)
        }
        meter.note(appendedOf: journal)
        note(isRefusing: isFull || journal.death != nil, time)
    }

    private func note(isRefusing: Bool, _ time: UnixTime) {
        guard isRefusing != self.isRefusing else { return }
        self.isRefusing = isRefusing
        meter.change { $0.refusingSince = isRefusing ? time : nil }
    }

    private func goOn(time: UnixTime, at now: Instant) throws(StorageFailure) {
        do throws(StorageFailure) {
            nameDue(time: time, at: now)
            try appendTaken()
            try journal.write()
            if settings.mode == .always { try syncNow() }
            // Whoever is answered finds it counted.
            meter.note(appendedOf: journal)
            applyAppended()
            if isFull { try lookForRoom() }
        } catch {
            // A sync that failed is the end of the journal, whatever its reason.
            guard error.isFullDisk, journal.death == nil else { throw error }
            noteFull(error, at: now)
        }
    }

    // MARK: Into the journal

    /// Ends by time are decided by entries like everything else.
    private func nameDue(time: UnixTime, at now: Instant) {
        guard sequencer.nextExpiry <= now, !isClosing else { return }
        sequencer.nameDue(at: now, again: Self.patience, in: &due)
        guard !due.isEmpty else { return }
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        taken.append(due, at: moment)
        due.removeAll()
    }

    private func appendTaken() throws(StorageFailure) {
        while let bytes = taken.first {
            if Journal.framedByteCount(bytes.count) > journal.roomLeft {
                // The one that is being made ahead of time comes first.
                if journal.isMakingSpare { break }
                try journal.makeSpare(for: bytes.count)
                meter.note(filesOf: journal)
            }
            _ = try journal.append(bytes.span)
            appended.take(&taken)
        }
    }

    private func syncNow() throws(StorageFailure) {
        if journal.syncedThrough == journal.writtenThrough { return }
        let begun = Instant.now()
        try journal.sync()
        meter.syncs.record(from: begun, to: .now())
    }

    // MARK: Into the order

    private func applyAppended() {
        while !appended.isEmpty { appended.applyFirst(to: sequencer, by: clock, reading: &batch) }
    }

    // MARK: Chores

    private func startChores(time: UnixTime, at now: Instant) throws(StorageFailure) {
        if settings.mode == .interval, now >= nextSync || nextSync == .never {
            try startSync(at: now)
        }
        if !isClosing, !isFull, journal.needsSpare, let spare = try journal.beginSpare() {
            start(.spare(spare))
        }
        if !isClosing { try startSnapshot(time: time, at: now) }
    }

    private func startSync(at now: Instant) throws(StorageFailure) {
        guard journal.writtenThrough > journal.syncedThrough else {
            nextSync = .never
            return
        }
        if nextSync == .never {
            nextSync = now + settings.interval
            return
        }
        guard let sync = try journal.beginSync() else {
            nextSync = now + settings.interval
            return
        }
        nextSync = .never
        start(.sync(sync))
    }

    private func startSnapshot(time: UnixTime, at now: Instant) throws(StorageFailure) {
        guard now >= nextSnapshot, appended.isEmpty,
            journal.byteCountSinceSnapshot > max(settings.snapshotByteCount, lastSnapshotByteCount),
            let pending = try journal.beginSnapshot(at: journal.writtenThrough)
        else { return }
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        snapshotTime = time
        meter.change { $0.snapshotBegan = now }
        start(
            .snapshot(
                StateSnapshot(
                    pending: pending, state: StateChunks(of: sequencer, at: moment, by: clock),
                    stop: snapshotStop)))
    }

    private func start(_ chore: JournalChore) {
        choreCount += 1
        handOut(chore)
    }

    private func take(_ report: JournalChore.Report, at now: Instant) throws(StorageFailure) {
        choreCount -= 1
        defer { meter.note(filesOf: journal) }
        switch report {
        case .synced(let sync, let result, let begun, let end):
            meter.syncs.record(from: begun, to: end)
            try journal.finish(sync, result)
        case .spare(let spare, let result):
            do throws(StorageFailure) {
                try journal.finish(spare, result)
            } catch {
                guard error.isFullDisk else { throw error }
                noteFull(error, at: now)
            }
        case .snapshot(.success(let finished)):
            journal.finish(finished)
            meter.change { [snapshotTime] in ($0.snapshotTime, $0.snapshotBegan) = (snapshotTime, nil) }
            lastSnapshotByteCount = finished.byteCount
        case .snapshot(.failure(let failure)):
            journal.abandonSnapshot()
            meter.change { $0.snapshotBegan = nil }
            nextSnapshot = now + Interval(milliseconds: 10_000)
            if failure == .abandoned { break }
            tell(.snapshotFailed(reason: "\(failure)"))
        }
    }

    // MARK: When the disk does not

    private func noteFull(_ failure: StorageFailure, at now: Instant) {
        // Nobody waits for room at the end: what is not written was not answered.
        if isClosing { return fail(failure) }
        nextTry = now + Self.retryInterval
        refuse(.unavailable(reason: "its disk is full"))
        guard !isFull else { return }
        isFull = true
        tell(.full(reason: "\(failure)"))
    }

    private func lookForRoom() throws(StorageFailure) {
        try journal.makeSpare()
        isFull = false
        intake.withLock { $0.refusal = nil }
        tell(.roomAgain)
    }

    /// Nothing is taken any more, and what is not in the journal's buffer never will be.
    private func refuse(_ refusal: PublishFailure) {
        intake.withLock { intake in
            intake.refusal = refusal
            if taken.isEmpty { swap(&taken, &intake.entries) }
        }
        taken.drop(refusal, releasing: sequencer)
    }

    /// The journal is dead.
    private func fail(_ failure: StorageFailure) {
        let refusal = PublishFailure.unavailable(reason: "its journal has failed")
        refuse(refusal)
        appended.drop(refusal, releasing: sequencer)
        (nextSync, nextTry) = (.never, .never)
        guard !isOver else { return }
        isOver = true
        tell(.failed(reason: "\(failure)"))
    }

    private func close() throws(StorageFailure) {
        try journal.close()
        isOver = true
    }
}
