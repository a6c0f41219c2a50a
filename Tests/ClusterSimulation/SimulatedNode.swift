/// A node without its threads: it steps, and its chores are done, when the world says so.
internal import Broker
internal import Cluster
internal import Primitives

final class SimulatedNode {
    /// A topic as a reader of this node has it.
    struct Held: Equatable {
        let sequence: UInt64
        let version: UInt64
        let line: String
        let isEnded: Bool
    }

    /// It is to run on one node at a time.
    static let feed = "feed"

    let name: String
    let log: ClusterLog
    let work: ClusterWork
    private let inbox: Inbox
    private let chores = Chores()
    private let connections: [ClusterLane: SimulatedConnection]
    private(set) var topics: [String: Held] = [:]
    private(set) var lineage: Lineage
    private var names: [UInt32: String] = [:]
    private(set) var sequence: UInt64 = 0
    var isPaused = false
    /// The last value that a feed of this node has published.
    private(set) var fed = 0
    private var processFed = ""
    /// Whoever was silent for so long that he goes on as another process does not know what became of what he sent.
    var knowsWhatItWasFed: Bool { fed > 0 && work.process == processFed }

    private final class Chores {
        var waiting: [(chore: ClusterChore, lane: ClusterLane)] = []
        var unusable: String?
    }

    init(
        _ name: String, _ servers: SimulatedServers, _ rules: Sequencer.Retention, _ time: WorldTime,
        _ givers: OrderGivers, makeEpoch: @escaping () -> Epoch
    ) {
        self.name = name
        let sequencer = Sequencer(epoch: Epoch("none"), retention: rules)
        inbox = sequencer.addInbox {}
        log = ClusterLog(sequencer, by: LogClock(ofWall: time.wall, at: time.now), rules: rules)
        log.sharedFeeds = [Self.feed]
        lineage = sequencer.lineage
        var settings = ClusterSettings(node: name, rules: rules)
        settings.checkpointByteCount = 2000
        settings.carryOut = { [log] order in
            givers.carryOut(order, at: name)
            log.report(order, count: 1)
        }
        let chores = chores
        work = ClusterWork(
            log, settings, makeEpoch: makeEpoch,
            tell: { if case .unusable(let reason) = $0 { chores.unusable = reason } },
            handOut: { chores.waiting.append(($0, $1)) })
        var connections: [ClusterLane: SimulatedConnection] = [:]
        for lane in ClusterLane.allCases { connections[lane] = SimulatedConnection(servers, node: name) }
        self.connections = connections
    }

    var unusable: String? { chores.unusable }
    var hasChores: Bool { !chores.waiting.isEmpty }

    func step(_ time: WorldTime) {
        work.step(time: time.wall, at: time.now)
        takeEntries()
    }

    /// Does one of the chores that wait. Returns what came of it.
    func runChore(_ pick: Int) -> String {
        let (chore, lane) = chores.waiting.remove(at: pick % chores.waiting.count)
        guard let connection = connections[lane] else { return "" }
        let report = chore.run(at: connection)
        log.report(report, of: lane)
        if case .append(_, let number, let epoch) = chore {
            return "append #\(number) in \(epoch): \(Self.summary(report))"
        }
        return "\(lane): \(Self.summary(report))"
    }

    private static func summary(_ report: ClusterChore.Report) -> String {
        switch report {
        case .read(let records):
            "read " + records.map { "\($0.position):\($0.process)#\($0.number)" }.joined(separator: " ")
        case .loaded(_, let head, _): "loaded \(head.position) of \(head.epoch)"
        case .greeted(let round): "greeted, the log is at \(round.position), the feed is of \(round.holders)"
        default: "\(report)"
        }
    }

    /// A feed goes on whatever becomes of what it publishes.
    func feed(_ value: Int, _ time: WorldTime) -> String {
        var updates = UpdateBatch()
        try? updates.append(topic: Array("feed/\(name)".utf8).span, data: Array("\"fed-\(value)\"".utf8).span)
        do {
            _ = try log.publish(updates, time: time.wall, at: time.now, for: nil)
            (fed, processFed) = (value, work.process)
            return "\(name) is fed \(value)"
        } catch {
            return "\(name) refuses to be fed: \(error)"
        }
    }

    func cut(_ lane: ClusterLane) { connections[lane]?.cancel() }

    // MARK: As its readers see it

    private func takeEntries() {
        var entries: [InboxEntry] = []
        inbox.take(into: &entries)
        for entry in entries { take(entry) }
    }

    private func take(_ entry: InboxEntry) {
        switch entry.event {
        case .replaced:
            topics = [:]
            names = [:]
            sequence = 0
        case .created: names[entry.topic] = entry.payload.text
        case .value, .tombstone:
            guard let name = names[entry.topic] else { return }
            topics[name] = Held(
                sequence: entry.sequence, version: entry.version, line: entry.payload.text,
                isEnded: entry.event == .tombstone)
            sequence = max(sequence, entry.sequence)
        case .lineage:
            lineage = Lineage(entry.payload) ?? lineage
            sequence = max(sequence, entry.sequence)
        case .purged: names[entry.topic].map { topics[$0] = nil }
        case .trimmed, .stale, .forgotten: break
        }
    }
}

/// The present, by both clocks.
struct WorldTime {
    var now = Instant(nanoseconds: 1 << 61)
    var wall = UnixTime(milliseconds: 1_764_000_000_000)

    mutating func pass(milliseconds: UInt64) {
        now = now + Interval(milliseconds: milliseconds)
        wall = UnixTime(milliseconds: wall.milliseconds + milliseconds)
    }
}
