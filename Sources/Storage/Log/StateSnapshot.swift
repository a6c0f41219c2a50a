/// The state of the topics as a snapshot: a chunk with the order, then chunks of topics.
internal import Broker
internal import Primitives
internal import Synchronization

/// Nobody wants the snapshot that is being written any more. Any thread.
final class SnapshotStop: Sendable {
    private let wanted = Atomic<Bool>(false)

    var isWanted: Bool { wanted.load(ordering: .relaxed) }

    func want() { wanted.store(true, ordering: .relaxed) }
}

/// What is to be written, and from where.
package struct StateSnapshot: Sendable {
    let pending: PendingSnapshot
    let order: OrderState
    /// When the state was this.
    let moment: LogEntry.Moment
    let clock: LogClock
    let sequencer: Sequencer
    let stop: SnapshotStop

    /// A chunk is written when it has so many bytes.
    private static var chunkByteCount: Int { 256 << 10 }

    /// Takes the topics down, a few at a time, and writes them. Blocks.
    func run() -> Result<FinishedSnapshot, StorageFailure> {
        defer { sequencer.endStateWalk() }
        return Result { () throws(StorageFailure) in
            let writer = try SnapshotWriter(pending)
            do throws(StorageFailure) {
                try writeState(to: writer)
                return try writer.finish()
            } catch {
                // What could not be written is in the way of nobody: the next start removes it too.
                try? writer.abandon()
                throw error
            }
        }
    }

    private func writeState(to writer: SnapshotWriter) throws(StorageFailure) {
        var chunk = ByteBuffer()
        moment.write(to: &chunk)
        order.write(to: &chunk, by: clock)
        try writer.append(chunk.bytes)
        chunk.removeAll()
        while let topics = sequencer.takeStates() {
            if stop.isWanted { throw .abandoned }
            for topic in topics {
                topic.write(to: &chunk, by: clock)
                guard chunk.count >= Self.chunkByteCount else { continue }
                try writer.append(chunk.bytes)
                chunk.removeAll()
            }
        }
        if chunk.count > 0 { try writer.append(chunk.bytes) }
    }
}
