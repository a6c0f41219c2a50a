/// The gateway under test: everything that a process has of it but the threads and the kernel. Nothing else of the
/// simulation makes a part of the gateway.
import Broker
import Gateway
import Logging
import Primitives
import Storage
import Synchronization
import Transport

/// What the sequencer accepted, in its order.
struct AcceptedUpdate {
    enum Event {
        case created
        case value
        case tombstone
        case purged
        case stale
    }

    let event: Event
    /// The sequencer's number of the topic.
    let topic: Int
    let sequence: UInt64
    let version: UInt64
    let accepted: Instant
    /// The encoded update; of a topic that was created its name.
    let payload: Payload
}

/// One life of the gateway, from its start to the end of its drain.
final class SimulatedGateway {
    let generation: Int
    let loops: [SimulatedLoop]
    /// Where it keeps what it accepts; nil: in memory alone.
    let journal: SimulatedJournal?
    private let sequencer: Sequencer
    private let shared: GatewayShared
    /// A door of our own, through which nothing is lost.
    private let tap: Inbox
    private var entries: [InboxEntry] = []
    private var batch = UpdateBatch()
    /// Since when it drains.
    private(set) var drainBegan: Instant?
    var isDraining: Bool { drainBegan != nil }

    init(
        generation: Int, _ configuration: GatewayConfiguration, _ time: SimulatedTime,
        _ journal: SimulatedJournal?, listenerCount: Int, isWhimsical: Bool, visitSteps: Int,
        _ random: inout SeededGenerator
    ) throws {
        self.generation = generation
        var configuration = configuration
        configuration.access.hosts = []
        self.journal = journal
        sequencer =
            journal?.log.sequencer
            ?? Sequencer(epoch: Self.newEpoch(generation), retention: configuration.retention)
        let kernels = (0..<configuration.threadCount).map { _ in
            SimulatedKernel(
                time.clock, listenerCount: listenerCount, isWhimsical: isWhimsical, random.branch())
        }
        let controls = kernels.map { kernel in
            let wake = kernel.wake
            return LoopControl { wake.raise() }
        }
        let address = try SocketAddress.resolve(host: "127.0.0.1", port: 8080)[0]
        shared = GatewayShared(
            configuration: configuration, sequencer: sequencer, log: .silent, files: StaticFiles(),
            loops: controls,
            addresses: Array(repeating: ListeningAddress(address, of: Endpoint()), count: listenerCount),
            descriptorLimit: 10_000, updates: journal?.log)
        var loops: [SimulatedLoop] = []
        for (kernel, control) in zip(kernels, controls) {
            let wake = kernel.wake
            let inbox = sequencer.addInbox { wake.raise() }
            let loop = GatewayLoop(
                shared: shared, inbox: inbox, control: control, kernel: kernel, generator: random.branch())
            loop.visitSteps = visitSteps
            if visitSteps < 256 {
                loop.crowdCount = visitSteps - 1
                loop.publishBodies(beyond: 0, inPartsOf: visitSteps)
            }
            loops.append(SimulatedLoop(loop, kernel, control.statistics, time))
        }
        self.loops = loops
        tap = sequencer.addInbox {}
        shared.isReady.store(true, ordering: .releasing)
    }

    static func newEpoch(_ generation: Int) -> Epoch { Epoch("sim\(generation)") }

    /// Of the cursors that it hands out.
    var epoch: String { sequencer.epoch.text }
    var sequence: UInt64 { sequencer.sequence }

    /// Publishes as a feed does, from a thread that is none of the loops'. No data: the end of the topic.
    func publish(_ updates: [(topic: Int, data: [UInt8]?)], _ time: SimulatedTime) throws {
        batch.removeAll()
        for (topic, data) in updates {
            let name = Array(Universe.standard.names[topic].text.utf8)
            if let data {
                try batch.append(topic: name.span, data: data.span)
            } else {
                try batch.append(tombstoneOf: name.span)
            }
        }
        if let journal {
            _ = try journal.log.publish(batch, time: time.clock.time(), at: time.now, for: nil)
        } else {
            try sequencer.publish(batch, time: time.clock.time(), at: time.now)
        }
    }

    /// What it begins with.
    struct Beginning {
        /// By the sequencer's number: the name.
        var topics: [Int: Payload] = [:]
        /// The last update's line, and the version.
        var latest: [Int: (line: Payload, version: UInt64)] = [:]
        var purgedSequence: UInt64 = 0
    }

    /// Hands over what it began with, before anything was accepted.
    func takeBeginning() -> Beginning {
        var beginning = Beginning()
        tap.take(into: &entries)
        for entry in entries {
            switch entry.event {
            case .created: beginning.topics[Int(entry.topic)] = entry.payload
            case .value, .tombstone: beginning.latest[Int(entry.topic)] = (entry.payload, entry.version)
            case .forgotten: beginning.purgedSequence = entry.sequence
            case .trimmed, .stale, .lineage, .purged, .replaced: continue
            }
        }
        entries.removeAll(keepingCapacity: true)
        return beginning
    }

    /// Hands over what was accepted since the last time.
    func takeAccepted(_ body: (AcceptedUpdate) throws -> Void) throws {
        tap.take(into: &entries)
        for entry in entries {
            let event: AcceptedUpdate.Event
            switch entry.event {
            case .created: event = .created
            case .value: event = .value
            case .tombstone: event = .tombstone
            case .purged: event = .purged
            case .stale: event = .stale
            case .forgotten, .trimmed, .lineage, .replaced: continue
            }
            try body(
                AcceptedUpdate(
                    event: event, topic: Int(entry.topic), sequence: entry.sequence, version: entry.version,
                    accepted: entry.accepted, payload: entry.payload))
        }
        entries.removeAll(keepingCapacity: true)
    }

    /// Reads its settings anew, and finds them as they are: nobody loses anything.
    func reload() {
        for control in shared.loops { control.take(shared.configuration) }
    }

    /// Whether it takes no updates any more.
    var isClosed: Bool { journal?.log.refusal != nil }

    /// It is gone without a word: who lost it is excused.
    func die(at now: Instant) {
        drainBegan = now
    }

    /// Says goodbye to everybody, as at the process's end.
    func drain(at now: Instant) {
        drainBegan = now
        shared.drain.begin()
        for control in shared.loops { control.drain() }
    }

    var hasDrained: Bool { loops.allSatisfy(\.hasDrained) }
}
