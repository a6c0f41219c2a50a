/// A snapshot of the journal that is to be written: what, and where to.
internal import Broker
internal import Primitives
internal import Synchronization

/// Nobody wants the snapshot that is being written any more. Any thread.
final class SnapshotStop: Sendable {
    private let wanted = Atomic<Bool>(false)

    var isWanted: Bool { wanted.load(ordering: .relaxed) }

    func want() { wanted.store(true, ordering: .relaxed) }
}

package struct StateSnapshot: Sendable {
    let pending: PendingSnapshot
    let state: StateChunks
    let stop: SnapshotStop

    /// Takes the topics down, a few at a time, and writes them. Blocks.
    func run() -> Result<FinishedSnapshot, StorageFailure> {
        defer { state.end() }
        return Result { () throws(StorageFailure) in
            let writer = try SnapshotWriter(pending)
            do throws(StorageFailure) {
                // Nothing takes the place of a journal's state.
                _ = try state.takeAll { (chunk) throws(StorageFailure) in
                    if stop.isWanted { throw .abandoned }
                    try writer.append(chunk)
                }
                return try writer.finish()
            } catch {
                // What could not be written is in the way of nobody: the next start removes it too.
                try? writer.abandon()
                throw error
            }
        }
    }
}
