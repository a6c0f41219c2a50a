/// A journal with its threads: one that writes and applies, one that syncs and makes files, one that writes snapshots.
internal import Broker
internal import Configuration
internal import Logging
internal import Primitives
internal import Storage
internal import Transport

/// Any thread.
final class RunningJournal: Sendable {
    let log: JournalLog
    private let thread: LoopThread

    /// A folder that this process holds, so that another one is told at once.
    struct Held {
        let folder: DiskFolder
        let lock: any FolderLock
        let path: String

        /// Nil where nothing is to be kept.
        init?(_ settings: StorageSettings) throws(StorageFailure) {
            guard let path = settings.folder else { return nil }
            self.path = path
            folder = try DiskFolder(path: path)
            lock = try folder.lock(as: OpenedJournal.holder)
        }
    }

    /// Restores what the folder holds into `sequencer`, which is new, and starts. `progress` says meanwhile how far it is.
    init(
        _ held: Held, _ settings: JournalSettings, into sequencer: Sequencer, rules: Sequencer.Retention,
        _ progress: RestoreProgress, _ log: Log
    ) throws {
        let path = held.path
        let watch = try RestoreWatch(progress, path, log)
        defer { watch.end() }
        let quick = Monitor(Queue<JournalChore>())
        let slow = Monitor(Queue<JournalChore>())
        let begun = Instant.now()
        let opened = try OpenedJournal(
            held.folder, settings, holding: held.lock, into: sequencer, bootID: .current(), epoch: .random(),
            rules: rules, time: .now(), at: begun, progress: progress,
            tell: { Self.tell($0, log) },
            handOut: { chore in
                // A snapshot takes seconds, and syncs may not wait for it.
                if case .snapshot = chore {
                    slow.append(chore)
                } else {
                    quick.append(chore)
                }
            })
        self.log = opened.log
        Self.tell(opened.report, epoch: opened.log.sequencer.epoch, since: begun, path, log)
        for (name, chores) in [("journal sync", quick), ("snapshot", slow)] {
            let journal = opened.log
            // They end with the process: what they are in the middle of, the next start does without.
            _ = try LoopThread(name: name) {
                while true { journal.report(chores.takeFirst().run()) }
            }
        }
        let work = opened.work
        let journal = opened.log
        thread = try LoopThread(name: "journal") {
            while !work.isOver {
                journal.waitForWork(until: work.nextDeadline)
                work.step(time: .now(), at: .now())
            }
        }
    }

    /// Writes and syncs what was published, and that nothing is missing. Nothing is published any more.
    func close() {
        log.close()
        thread.join()
    }

    // MARK: News

    private static func tell(_ notice: JournalNotice, _ log: Log) {
        switch notice {
        case .full(let reason): log.tell(.diskFull, ["reason": .text(reason)])
        case .roomAgain: log.tell(.diskHasRoom)
        case .failed(let reason): log.tell(.journalFailed, ["reason": .text(reason)])
        case .snapshotFailed(let reason): log.tell(.snapshotFailed, ["reason": .text(reason)])
        }
    }

    private static func tell(
        _ report: OpenedJournal.Report, epoch: Epoch, since begun: Instant, _ path: String, _ log: Log
    ) {
        for note in report.notes { log.tell(.journalNoted, ["reason": .text(note)]) }
        let epochText =
            switch report.continuity {
            case .fresh: "\(epoch.text), the first"
            case .whole: epoch.text
            case .shortened: "\(epoch.text), a new one: the last updates before it may be lost"
            }
        log.tell(
            .stateRestored,
            [
                "topics": .integer(report.topicCount), "entries": .integer(report.entryCount),
                "milliseconds": .integer(Int(Instant.now().since(begun).nanoseconds / 1_000_000)),
                "epoch": .text(epochText), "cutBytes": .integer(report.cutByteCount), "folder": .text(path),
            ])
    }
}

/// Says now and then how far a restart is.
private final class RestoreWatch: Sendable {
    private let isOver = Monitor(false)

    init(_ progress: RestoreProgress, _ path: String, _ log: Log) throws(SystemFailure) {
        let isOver = isOver
        _ = try LoopThread(name: "restore") {
            while !isOver.wait(until: .now() + Interval(milliseconds: 1000), for: { $0 }) {
                log.tell(
                    .restoring,
                    ["percent": .integer(Int(progress.fraction * 100)), "folder": .text(path)])
            }
        }
    }

    func end() { isOver.withLock { $0 = true } }
}
