/// What a node asks of the shared log: each is done by a thread that blocks, or when a simulation has it come.
package import Broker
internal import Primitives

/// What is done at the same time: each lane has a connection of its own, and one chore at a time.
package enum ClusterLane: Int, Sendable, CaseIterable {
    case append, read, checkpoint
    /// What nodes do for one another beside the log. Apart from checkpoints: one of some gigabytes takes longer than others wait for a
    /// word of this node.
    case nodes
}

package enum ClusterChore: Sendable {
    case join(JoinOffer, takingOver: Bool)
    case append([UInt8], number: UInt64, epoch: String)
    case read(after: UInt64)
    /// Restores what the log holds, up to where `LogHead` says it ends.
    case load(LogHead, into: Sequencer, by: LogClock, RestoreProgress)
    case claimCheckpoint
    case save(StateChunks, position: UInt64, name: String, epoch: String)
    case greet(NodeGreeting)
    case exchange([NoteRequest], epoch: String)

    package enum Report: Sendable {
        case joined(LogHead)
        case appended(position: UInt64)
        case read([LogRecord])
        case loaded(Sequencer, LogHead, byteCount: Int)
        case claimed(CheckpointClaim)
        case saved(position: UInt64, byteCount: Int)
        case greeted(NodeRound)
        case exchanged(NoteExchange)
        case failed(SharedLogFailure)
    }

    /// Blocks.
    package func run(at log: any SharedLog) -> Report {
        do throws(SharedLogFailure) {
            switch self {
            case .join(let offer, let takingOver):
                return .joined(try log.join(offer, takingOver: takingOver))
            case .append(let record, let number, let epoch):
                return .appended(position: try log.append(record, number: number, in: epoch))
            case .read(let position): return .read(try log.read(after: position))
            case .load(let head, let sequencer, let clock, let progress):
                let byteCount = try StateLoad(from: log, head, progress).run(into: sequencer)
                sequencer.live(by: clock)
                return .loaded(sequencer, head, byteCount: byteCount)
            case .claimCheckpoint: return .claimed(try log.claimCheckpoint())
            case .save(let state, let position, let name, let epoch):
                let byteCount = try Self.save(state, at: position, as: name, in: epoch, to: log)
                return .saved(position: position, byteCount: byteCount)
            case .greet(let greeting): return .greeted(try log.greet(greeting))
            case .exchange(let requests, let epoch):
                return .exchanged(try log.exchange(requests, in: epoch))
            }
        } catch {
            return .failed(error)
        }
    }

    private static func save(
        _ state: StateChunks, at position: UInt64, as name: String, in epoch: String, to log: any SharedLog
    ) throws(SharedLogFailure) -> Int {
        defer { state.end() }
        var (count, byteCount) = (0, 0)
        let isWhole = try state.takeAll { (chunk) throws(SharedLogFailure) in
            try log.keep(chunk, number: count, ofCheckpoint: name)
            count += 1
            byteCount += chunk.count
        }
        guard isWhole else { throw .superseded }
        try log.finish(Checkpoint(position: position, chunkCount: count, name: name), in: epoch)
        return byteCount
    }
}

/// Takes over what the log holds: its checkpoint, and what is behind that.
struct StateLoad {
    private let log: any SharedLog
    private let head: LogHead
    private let progress: RestoreProgress

    init(from log: any SharedLog, _ head: LogHead, _ progress: RestoreProgress) {
        self.log = log
        self.head = head
        self.progress = progress
    }

    /// `sequencer` is new, and lives by the log's clock afterwards. Returns how many bytes of log are behind the checkpoint.
    func run(into sequencer: Sequencer) throws(SharedLogFailure) -> Int {
        var restart = LogRestart(into: sequencer)
        do {
            try takeCheckpoint(&restart)
            let byteCount = try takeRecords(&restart)
            restart.finish()
            return byteCount
        } catch let failure as LogEntryFailure {
            throw .unusable(reason: "what the log holds can't be used: \(failure)")
        } catch let failure as SharedLogFailure {
            throw failure
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private func takeCheckpoint(_ restart: inout LogRestart) throws {
        guard let checkpoint = head.checkpoint else { return }
        progress.expect(byteCount: checkpoint.chunkCount)
        for number in 0..<checkpoint.chunkCount {
            let chunk = try log.chunk(number, of: checkpoint)
            try chunk.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try restart.restore(bytes) }
            progress.pass(byteCount: 1)
        }
    }

    private func takeRecords(_ restart: inout LogRestart) throws -> Int {
        var position = head.checkpoint?.position ?? 0
        var byteCount = 0
        while position < head.position {
            let records = try log.read(after: position)
            // The log ends before the place where it stood a moment ago, or begins behind this one.
            guard records.first?.position == position + 1 else { throw SharedLogFailure.trimmed }
            for record in records where record.position <= head.position {
                guard record.position == position + 1 else { throw SharedLogFailure.trimmed }
                position += 1
                byteCount += record.bytes.count
                try RecordContent.forEachEntry(of: record.bytes) { entry throws(LogEntryFailure) in
                    try restart.apply(entry)
                }
            }
        }
        return byteCount
    }
}
