import Primitives

/// A gateway without threads, sockets or time: one sequencer, a few loops, publishers and readers, and chance.
@testable import Broker

final class World {
    static let baseTopics = [
        "a/0", "a/1", "a/2", "a/3", "b/0", "b/1", "a/0/deep", "a/1/deep", "log1/p", "log1/q", "log3/p",
        "log8/p",
    ]
    static let basePatterns = [
        "**", "a/*", "a/**", "b/*", "*/0", "*/p", "log1/*", "log3/**", "log8/*", "*/*", "*/0/deep", "new/*",
    ]
    static let budgets = [1, 1, 70, 150, 400, 2000, 1 << 20]
    static let longestLog = 8

    var random: SeededGenerator
    let retention: Sequencer.Retention
    var sequencer: Sequencer
    var replicas: [BrokerReplica] = []
    /// By replica, what its changes of coverage said.
    var heard: [HeardCoverage] = []
    var truth: Truth
    /// The epoch, and those before it, the last one first.
    var epoch = "sim"
    var former: [FormerEpoch] = []
    var epochCount = 0
    /// The last state that was taken down, and the one that is being.
    var saved: Saved?
    var saving: Saved?
    let withSleepers: Bool
    var readers: [SimulatedReader] = []
    /// The last things that happened, for whoever must understand a failure.
    private(set) var trace: [String] = []
    private(set) var step = 0
    /// Chances in a hundred.
    private let publishing: Int
    private let catchingUp: Int
    /// Steps before others have their turn.
    private let portions: ClosedRange<Int>
    var portion: Int { Int.random(in: portions, using: &random) }
    /// The most topics that a reader may cover.
    let coveredLimit: Int
    /// Bytes that a loop may hold for readers.
    let readerByteLimit: Int
    /// Hears what the sequencer does by itself.
    private var observer: NumberedReader
    var time: UInt64 = 1_764_000_000_000
    var now: Instant { Instant(nanoseconds: time * 1_000_000) }
    var moment: Numbering.Moment { Numbering.Moment(time: UnixTime(milliseconds: time), now: now) }
    private var newTopicCount = 0
    var batch = Batch()

    /// `portions`: chance chooses where they are nil.
    init(seed: UInt64, withSleepers: Bool = false, portions: ClosedRange<Int>? = nil) throws {
        random = SeededGenerator(seed: seed)
        let tombstoneLimit = [0, 1, 3, 8, 1000].randomElement(using: &random) ?? 0
        publishing = Int.random(in: 15...60, using: &random)
        catchingUp = Int.random(in: 5...40, using: &random)
        // Drawn apart, so that a seed's readers do the same whatever they may cover.
        var allowance = SeededGenerator(seed: seed &+ 0x9E37)
        let isBounded = !withSleepers && portions == nil
        coveredLimit = isBounded ? [3, 8, .max, .max].randomElement(using: &allowance) ?? .max : .max
        readerByteLimit =
            isBounded ? [1500, 4000, .max, .max].randomElement(using: &allowance) ?? .max : .max
        let chosen = [1...1, 1...4, 2...30, 500...1000].randomElement(using: &random) ?? 1...1
        self.portions = portions ?? chosen
        var retention = Sequencer.Retention()
        retention.tombstoneLimit = tombstoneLimit
        retention.keyLife = Interval(milliseconds: Truth.keyLife)
        for size in [1, 3, 8] { retention.logs.append((try TopicPattern("log\(size)/**"), size)) }
        retention.timesToLive = [
            (try TopicPattern("a/1/**"), Interval(milliseconds: Truth.timeToLive("a/1/") ?? 0))
        ]
        for pattern in ["b/**", "log3/**"] {
            retention.staleness.append(
                (try TopicPattern(pattern), Interval(milliseconds: Truth.staleAfter(pattern) ?? 0)))
        }
        self.retention = retention
        self.withSleepers = withSleepers
        sequencer = Sequencer(epoch: Epoch("sim"), retention: retention)
        observer = NumberedReader(inbox: sequencer.addInbox {})
        truth = Truth(tombstoneLimit: tombstoneLimit)
        for _ in 0..<Int.random(in: 1...3, using: &random) { try join() }
        for number in 0..<Int.random(in: 3...9, using: &random) {
            readers.append(
                SimulatedReader(
                    name: "reader \(number)", budget: Self.budgets.randomElement(using: &random) ?? 1,
                    isOneRound: chance(30), isPoll: chance(25), isToldStaleness: chance(60),
                    diligence: [3, 20, 60, 99].randomElement(using: &random) ?? 0))
        }
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    func note(_ text: @autoclosure () -> String) {
        trace.append("step \(step): \(text())")
        if trace.count > 40 { trace.removeFirst(20) }
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            step += 1
            try disturb()
            if chance(publishing) { try publish() }
            if chance(20) { try expire() }
            if chance(30) { try work(Int.random(in: 0..<replicas.count, using: &random)) }
            if chance(catchingUp) { try catchUp(Int.random(in: 0..<replicas.count, using: &random)) }
            try act(Int.random(in: 0..<readers.count, using: &random))
            if step % 50 == 0 { try checkCoverage() }
            if step % 350 == 0 { try quiesce() }
        }
        try quiesce()
    }

    // MARK: Time

    /// Lets topics end and values grow stale, and learns which did.
    private func expire() throws {
        try hear { _ in }
        if chance(5) { time += UInt64.random(in: 0...60, using: &random) }
        while sequencer.nextExpiry <= now {
            try settleDue()
            try hear { entry in
                switch entry.event {
                case .tombstone: try truth.expire(entry.topic.text, at: time)
                case .stale: try truth.becomeStale(entry.topic.text, notice: entry.payload.text, at: time)
                case .purged: return
                default: throw SimulationFailure("\(entry.event) of \(entry.topic.text) by itself")
                }
                note("\(entry.topic.text): \(entry.event) by itself")
            }
        }
        if let name = truth.overdue(at: time) {
            throw SimulationFailure("\(name) should have ended or be called stale by \(time)")
        }
    }

    /// By entries, as a log decides it. What was named and came to nothing is named again.
    private func settleDue() throws {
        var due = UpdateBatch()
        sequencer.nameDue(at: now, again: Interval(milliseconds: 1), in: &due)
        guard !due.isEmpty else { return }
        let entry = due.entry(at: moment)
        keep(entry)
        try sequencer.apply(entry)
    }

    private func hear(_ body: (NumberedEntry) throws -> Void) throws {
        var entries: [NumberedEntry] = []
        observer.take(into: &entries)
        for entry in entries { try body(entry) }
    }

    /// Another sequencer goes on from what was saved.
    func replaceSequencer(by next: Sequencer) {
        sequencer = next
        observer = NumberedReader(inbox: next.addInbox {})
    }

    func pickTopic() -> String {
        if chance(3) {
            newTopicCount += 1
            return ["new", "a", "log3"][newTopicCount % 3] + "/n\(newTopicCount % 12)"
        }
        return Self.baseTopics[chance(50) ? 0 : Int.random(in: 0..<Self.baseTopics.count, using: &random)]
    }

    private func catchUp(_ number: Int) throws {
        note("loop \(number) catches up to \(truth.sequence)")
        replicas[number].catchUp()
        guard replicas[number].sequence == truth.sequence else {
            throw SimulationFailure("loop \(number) stands at \(replicas[number].sequence)")
        }
        try work(number)
    }

    /// A portion of what a loop has left to do.
    private func work(_ number: Int) throws {
        replicas[number].visitSteps = portion
        var ration = Ration(steps: portion)
        replicas[number].mark(&ration)
        ration = Ration(steps: portion)
        var advanced: [SubscriberID] = []
        replicas[number].walk(&ration, into: &advanced)
        for reader in readers.indices where readers[reader].replica == number { try noticeWalk(reader) }
    }

    // MARK: Quiet

    /// Publishing pauses, loops catch up, connected readers read all: everybody holds the truth.
    private func quiesce() throws {
        note("quiet")
        for number in replicas.indices {
            try catchUp(number)
            while replicas[number].hasUnmarked || replicas[number].hasWalks { try work(number) }
        }
        for number in readers.indices where readers[number].id != nil {
            if readers[number].isPoll {
                try poll(number)
            } else {
                try drainWhole(number)
            }
        }
        for number in readers.indices where readers[number].id != nil || readers[number].waitStart != nil {
            try readers[number].checkHoldsAll(truth)
        }
        for replica in replicas { replica.follow() }
        for replica in replicas { try checkMemory(replica) }
        try checkCoverage()
        for number in readers.indices where !readers[number].isPoll { try checkCounts(number) }
    }

    /// What is counted as held for readers is what there is.
    private func checkMemory(_ replica: BrokerReplica) throws {
        var names = 0
        for topic in 0..<UInt32(replica.topics.limit) where replica.topics.contains(topic) {
            if !replica.topics[topic].isPublished { names += 1 }
        }
        var (slots, patterns, overfull) = (0, 0, 0)
        for id in 0..<UInt32(replica.subscribers.limit) where replica.subscribers.contains(id) {
            slots += replica.subscribers[id].coveredCount
            if replica.subscribers[id].isOverfull { overfull += replica.subscribers[id].coveredCount }
            patterns += replica.subscribers[id].patterns.count
        }
        if replica.overfullSlotCount != overfull {
            throw SimulationFailure(
                "counts \(replica.overfullSlotCount) slots of overfull readers, in truth \(overfull)")
        }
        let counted = (replica.unpublishedCount, replica.slotCount, replica.patterns.holdingCount)
        if counted != (names, slots, patterns) {
            throw SimulationFailure(
                "counts \(counted) names, slots, patterns, in truth \((names, slots, patterns))")
        }
    }

    private func drainWhole(_ number: Int) throws {
        guard try !leaveIfOverfull(number), let id = readers[number].id else { return }
        var turns = 0
        while replicas[readers[number].replica].hasMarks(id) {
            try drain(number)
            turns += 1
            if turns > 1000 { throw readers[number].fault("is never done with reading") }
        }
        if replicas[readers[number].replica].cursor(of: id) != truth.sequence {
            throw readers[number].fault("has read all and its cursor does not stand at the present")
        }
    }

    /// What a drained reader costs, and what it is said to have missed.
    private func checkCounts(_ number: Int) throws {
        let reader = readers[number]
        guard let id = reader.id, !reader.hasWalked else { return }
        let replica = replicas[reader.replica]
        let wild = reader.patterns.filter { $0.text.contains("*") }
        var covered = Set(reader.patterns.filter { !$0.text.contains("*") }.map(\.text))
        for topic in truth.topics where !topic.isPurged && wild.contains(where: { $0.covers(topic.name) }) {
            covered.insert(topic.name)
        }
        let slotCount = replica.subscribers[id].coveredCount
        if slotCount != covered.count {
            throw reader.fault("covers \(covered.count) topics in \(slotCount) slots")
        }
        var conflated = reader.conflatedBefore
        for topic in truth.topics.indices where reader.covers(truth.topics[topic]) {
            conflated += reader.replaced(topic, at: truth.sequence, truth)
        }
        if replica.conflated(of: id) != conflated {
            throw reader.fault("counts \(replica.conflated(of: id)) conflated, in truth \(conflated)")
        }
    }
}
