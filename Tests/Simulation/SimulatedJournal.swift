/// A gateway's journal without its threads, on a simulated disk: it steps, and does what it hands out, when the world says so.
import Broker
import Primitives
import Storage
import StorageSimulation
import Synchronization

final class SimulatedJournal {
    let log: JournalLog
    /// What of the state before is there again.
    let continuity: Continuity
    private let work: JournalWork
    private let chores: Chores

    private final class Chores {
        var waiting: [JournalChore] = []
    }

    /// `epoch` is for a new one.
    init(
        _ folder: SimulatedFolder, _ mode: SyncMode, boot: Int, epoch: Epoch, rules: Sequencer.Retention,
        _ time: SimulatedTime, salts: SeededGenerator
    ) throws {
        var settings = JournalSettings()
        settings.mode = mode
        settings.interval = Interval(milliseconds: 300)
        settings.segmentByteCount = JournalOptions.minimumSegmentByteCount
        settings.snapshotByteCount = 16 << 10
        let chores = Chores()
        let salts = Mutex(salts)
        let opened = try OpenedJournal(
            folder, settings, bootID: BootID("boot-\(boot)"), epoch: epoch, rules: rules, time: time.wall,
            at: time.now, makeSalt: { salts.withLock { $0.next() } }, tell: { _ in },
            handOut: { chores.waiting.append($0) })
        (log, work, continuity) = (opened.log, opened.work, opened.report.continuity)
        self.chores = chores
    }

    /// Whether its threads would do something now.
    func canRun(at now: Instant) -> Bool { wakesAt <= now || log.waitForWork(until: Instant(nanoseconds: 0)) }

    var wakesAt: Instant { chores.waiting.isEmpty ? work.nextDeadline : Instant(nanoseconds: 0) }

    /// A step, or something that was handed out.
    func run(_ time: SimulatedTime, _ random: inout SeededGenerator) {
        if !chores.waiting.isEmpty, random.chance(40) {
            log.report(chores.waiting.remove(at: random.below(chores.waiting.count)).run())
        } else {
            work.step(time: time.wall, at: time.now)
        }
    }

    /// Brings what was published to its end.
    func close(_ time: SimulatedTime, _ random: inout SeededGenerator) {
        log.close()
        while !work.isOver { run(time, &random) }
    }
}
