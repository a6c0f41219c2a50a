import Glibc
import Primitives
import StorageSimulation
import Synchronization

/// A journal without threads on a simulated disk, with publishers and a reader; and what each was told.
@testable import Broker
@testable import Storage

final class JournalWorld {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    var random: SeededGenerator
    let folder: SimulatedFolder
    let clock = ManualClock(at: Instant(nanoseconds: 1 << 60))
    var settings = JournalSettings()
    var rules = Sequencer.Retention()
    private(set) var opened: OpenedJournal
    private var inbox: Inbox
    private let chores: Chores
    private let told: Told
    private var boot = 1
    /// What this process's clock is ahead of the world's.
    private var lead = Interval(milliseconds: 0)
    private var published = 0
    /// Lines that the reader was shown, by their numbers.
    private var shown: [UInt64: String] = [:]
    private var epoch: String
    /// What publishers send again and again until it is answered, and later: the name and the value, which stands nowhere else.
    private var keyed: [(name: String, data: String)] = []

    /// What the journal has handed out.
    private final class Chores {
        var waiting: [JournalChore] = []
    }

    /// What publishers and the log were told.
    private final class Told: PublishReceiver {
        let answers = Mutex<[Result<PublishOutcome, PublishFailure>]>([])
        let notices = Mutex<[JournalNotice]>([])
        /// By the ticket, which names the topic's number.
        let versions = Mutex<[UInt64: UInt64]>([:])
        /// By the ticket, which names what was sent under a key.
        let outcomes = Mutex<[UInt64: PublishOutcome]>([:])
        let complaint = Mutex<String?>(nil)
        static let firstKeyed: UInt64 = 1000

        func received(_ result: Result<PublishOutcome, PublishFailure>, for ticket: UInt64) {
            answers.withLock { $0.append(result) }
            guard case .success(let outcome) = result, let version = outcome.lastVersion else {
                if case .failure(.keyReused) = result { complaint.withLock { $0 = "a key is another's" } }
                return
            }
            if ticket >= Self.firstKeyed {
                let before = outcomes.withLock { $0.updateValue(outcome, forKey: ticket) }
                guard let before, before != outcome else { return }
                return complaint.withLock { $0 = "ticket \(ticket) was told \(before), and now \(outcome)" }
            }
            versions.withLock { $0[ticket] = max($0[ticket] ?? 0, version) }
        }
    }

    init(seed: UInt64, mode: SyncMode? = nil, snapshotByteCount: Int = 4096) throws {
        random = SeededGenerator(seed: seed)
        folder = SimulatedFolder(seed: seed)
        settings.mode = mode ?? SyncMode.allCases.randomElement(using: &random) ?? .always
        settings.segmentByteCount = JournalOptions.minimumSegmentByteCount
        settings.snapshotByteCount = snapshotByteCount
        rules.logs = [(try TopicPattern("log/**"), 3)]
        rules.tombstoneLimit = [0, 2, 100].randomElement(using: &random) ?? 0
        (chores, told) = (Chores(), Told())
        opened = try Self.open(folder, settings, rules, clock.time, clock.now, boot, chores, told)
        inbox = opened.log.sequencer.addInbox {}
        epoch = opened.log.sequencer.epoch.text
    }

    var work: JournalWork { opened.work }
    var now: Instant { clock.now + lead }
    var answers: [Result<PublishOutcome, PublishFailure>] { told.answers.withLock { $0 } }
    var notices: [JournalNotice] { told.notices.withLock { $0 } }

    private static func open(
        _ folder: SimulatedFolder, _ settings: JournalSettings, _ rules: Sequencer.Retention,
        _ time: UnixTime, _ now: Instant, _ boot: Int, _ chores: Chores, _ told: Told
    ) throws -> OpenedJournal {
        try OpenedJournal(
            folder, settings, bootID: BootID("boot-\(boot)"), epoch: .random(), rules: rules,
            time: time, at: now,
            tell: { [told] notice in told.notices.withLock { $0.append(notice) } },
            handOut: { [chores] in chores.waiting.append($0) })
    }

    // MARK: What happens

    func step() throws {
        clock.advance(by: .milliseconds(Int.random(in: 0...300, using: &random)))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: try publishByChance()
        case 35..<45: try publishUnderAKey()
        case 45..<75: work.step(time: clock.time, at: now)
        case 75..<92: runChore()
        case 92..<95: folder.fail(after: Int.random(in: 0...3, using: &random), with: .error(ENOSPC))
        case 95..<98: try restart(cuttingPower: false)
        default: try restart(cuttingPower: true)
        }
        try checkShown()
    }

    /// What happens without faults.
    func publishOrWork() throws {
        clock.advance(by: .milliseconds(Int.random(in: 0...300, using: &random)))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: try publishByChance()
        case 50..<80: work.step(time: clock.time, at: now)
        default: runChore()
        }
        try checkShown()
    }

    private func runChore() {
        guard !chores.waiting.isEmpty else { return }
        let place = Int.random(in: 0..<chores.waiting.count, using: &random)
        opened.log.report(chores.waiting.remove(at: place).run())
    }

    /// Until nothing is left to do now.
    func settle() {
        repeat {
            work.step(time: clock.time, at: now)
            while !chores.waiting.isEmpty { runChore() }
            work.step(time: clock.time, at: now)
        } while !chores.waiting.isEmpty
    }

    private func publishByChance() throws {
        let number = Int.random(in: 0..<6, using: &random)
        let name = number < 3 ? "a/\(number)" : "log/\(number)"
        let isEnd = Int.random(in: 0..<8, using: &random) == 0
        let padding = String(repeating: "x", count: Int.random(in: 0...300, using: &random))
        let lasting = Int.random(in: 0..<10, using: &random) == 0 ? Interval(milliseconds: 400) : nil
        published += 1
        do {
            try publish(
                [(name, isEnd ? nil : "[\(published),\"\(padding)\"]")], lasting: lasting,
                ticket: UInt64(number))
        } catch is PublishFailure {
            // Whoever is refused publishes again some day.
        }
    }

    /// Something new, or something that was sent before.
    private func publishUnderAKey() throws {
        var place = Int.random(in: 0...keyed.count, using: &random)
        if place > 0, Bool.random(using: &random) { place = keyed.count - 1 }
        if place == keyed.count {
            let name = "log/\(3 + Int.random(in: 0..<3, using: &random))"
            keyed.append((name, "\"key \(place).\""))
        }
        var batch = UpdateBatch()
        try batch.append(
            topic: Array(keyed[place].name.utf8).span, data: Array(keyed[place].data.utf8).span)
        batch.key = PublishKey(PublishKey.ID(high: 1, low: UInt64(place)))
        let ticket = PublishTicket(number: Told.firstKeyed + UInt64(place), receiver: told)
        do {
            _ = try opened.log.publish(batch, time: clock.time, at: now, for: ticket)
        } catch {
            // Whoever is refused publishes again some day.
        }
    }

    /// What came under a key stands in the order once.
    private func checkKeyed() throws {
        if let complaint = told.complaint.withLock({ $0 }) { throw Failure(description: complaint) }
        var seen: Set<Substring> = []
        for line in shown.values {
            guard let start = line.firstRange(of: "\"key ")?.lowerBound else { continue }
            guard seen.insert(line[start...]).inserted else {
                throw Failure(description: "published twice: \(line)")
            }
        }
    }

    func publish(_ updates: [(String, String?)], lasting: Interval? = nil, ticket: UInt64 = 0) throws {
        var batch = UpdateBatch()
        for (name, data) in updates {
            var options = UpdateOptions()
            if let lasting { options.timeToLive = TimeToLive(lasting) }
            if let data {
                try batch.append(
                    topic: Array(name.utf8).span, data: Array(data.utf8).span, options: options)
            } else {
                try batch.append(tombstoneOf: Array(name.utf8).span)
            }
        }
        _ = try opened.log.publish(
            batch, time: clock.time, at: now, for: PublishTicket(number: ticket, receiver: told))
    }

    /// The process is killed, or the machine loses its power; another one starts.
    func restart(cuttingPower: Bool) throws {
        let before = opened.log.sequencer.sequence
        let answered = told.versions.withLock { $0 }
        try checkShown()
        if cuttingPower {
            folder.cutPower()
            boot += 1
        } else {
            folder.kill()
        }
        folder.forgetFaults()
        chores.waiting = []
        lead = Interval(milliseconds: UInt64.random(in: 0...1_000_000, using: &random))
        opened = try Self.open(folder, settings, rules, clock.time, now, boot, chores, told)
        let sequencer = opened.log.sequencer
        let isSafe = !cuttingPower || settings.mode == .always
        if sequencer.epoch.text == epoch {
            guard sequencer.sequence >= (shown.keys.max() ?? 0) else {
                throw Failure(
                    description: "of \(before) updates \(sequencer.sequence) are left, and the epoch")
            }
        } else {
            guard !isSafe else { throw Failure(description: "the epoch is another one for nothing") }
            guard let former = sequencer.lineage.former.first, former.survived == sequencer.sequence else {
                throw Failure(description: "the lineage does not say where the epoch before ended")
            }
            shown = shown.filter { $0.key <= former.survived }
            told.versions.withLock { $0 = [:] }
            told.outcomes.withLock { $0 = [:] }
        }
        epoch = sequencer.epoch.text
        inbox = sequencer.addInbox {}
        try checkShown()
        if isSafe { try checkAnswered(answered) }
    }

    /// Another gateway begins with what a folder holds.
    static func open(_ folder: SimulatedFolder, boot: Int, at now: Instant) throws -> OpenedJournal {
        try open(
            folder, JournalSettings(), Sequencer.Retention(), .now(), now, boot, Chores(), Told())
    }

    // MARK: What must hold

    /// A copy holds what the log did at one moment, when it had more than `before` updates.
    func checkCopy(_ copy: SimulatedFolder, after before: UInt64) throws {
        try checkShown()
        let kept = try KeptState(
            reading: copy, bootID: BootID("another"), epoch: Epoch("none"), time: clock.time, at: now)
        let sequence = kept.sequencer.sequence
        guard sequence >= before, sequence <= opened.log.sequencer.sequence else {
            throw Failure(description: "the copy ends at \(sequence), and \(before) was answered")
        }
        var entries: [InboxEntry] = []
        kept.sequencer.addInbox {}.take(into: &entries)
        var newest: [String: UInt64] = [:]
        for entry in entries where entry.event == .value || entry.event == .tombstone {
            guard shown[entry.sequence] == entry.payload.text else {
                throw Failure(description: "the copy has \(entry.payload.text) as \(entry.sequence)")
            }
            newest[Self.topic(of: entry.payload.text)] = entry.sequence
        }
        var expected: [String: UInt64] = [:]
        for (number, line) in shown.sorted(by: { $0.key < $1.key }) where number <= sequence {
            expected[Self.topic(of: line)] = line.contains("\"deleted\":true") ? nil : number
        }
        for (topic, number) in expected where newest[topic] != number {
            throw Failure(description: "\(topic) stands at \(newest[topic] ?? 0) and not at \(number)")
        }
    }

    private static func topic(of line: String) -> String { String(line.split(separator: "\"")[2]) }

    /// The lines that the reader has not seen yet.
    func look() -> [String] {
        var taken: [InboxEntry] = []
        inbox.take(into: &taken)
        return taken.filter { $0.event == .value || $0.event == .tombstone }.map(\.payload.text)
    }

    /// What somebody who comes now is shown.
    func present() -> [String] {
        inbox = opened.log.sequencer.addInbox {}
        return look()
    }

    /// A number is one line, whatever happens.
    private func checkShown() throws {
        var taken: [InboxEntry] = []
        inbox.take(into: &taken)
        for entry in taken where entry.event == .value || entry.event == .tombstone {
            let line = entry.payload.text
            if let before = shown.updateValue(line, forKey: entry.sequence), before != line {
                throw Failure(description: "number \(entry.sequence) was \(before) and is \(line)")
            }
        }
        try checkKeyed()
    }

    private func checkAnswered(_ answered: [UInt64: UInt64]) throws {
        for (number, version) in answered {
            let name = number < 3 ? "a/\(number)" : "log/\(number)"
            let newest = newestVersion(of: name)
            // A topic that is forgotten has ended since.
            if let newest, newest < version {
                throw Failure(description: "\(name) stands at \(newest), and \(version) was answered")
            }
        }
    }

    private func newestVersion(of name: String) -> UInt64? {
        Array(name.utf8).withUnsafeBufferPointer { name in
            opened.log.sequencer.change { state in
                state.numbering.names.find(name, state.numbering.records).map {
                    state.numbering.records[$0].version
                }
            }
        }
    }
}
