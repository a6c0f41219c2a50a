/// A large batch that is published a few updates at a time, while others have their turns.
internal import Broker
internal import Primitives

/// It belongs to the loop, not to the connection that sent it: it goes on when that one's peer is gone.
final class LargePublication {
    private let batch: UpdateBatch
    private var place = 0
    /// Room that is set aside for the topics it creates.
    private var reserved: Int
    let ticket: UInt64
    private(set) var outcome: PublishOutcome
    let byteCount: Int

    /// `time`: when it begins.
    init(_ batch: consuming UpdateBatch, reserved: Int, ticket: UInt64, time: UnixTime) {
        outcome = PublishOutcome(accepted: 0, lastVersion: nil, time: time)
        byteCount = batch.byteCount + batch.count * 32
        self.batch = batch
        self.reserved = reserved
        self.ticket = ticket
    }

    /// Publishes up to `limit` more updates; returns whether that was all.
    func proceed(_ limit: Int, _ work: Workspace) -> Bool {
        let end = min(place + limit, batch.count)
        while place < end {
            work.publishing.append(update: place, of: batch)
            place += 1
        }
        let part = work.shared.sequencer.publish(
            part: work.publishing, reserved: &reserved, time: work.time, at: work.now)
        work.publishing.removeAll()
        work.statistics.add(.published, part.accepted)
        outcome.accepted += part.accepted
        outcome.lastVersion = part.lastVersion
        guard place == batch.count else { return false }
        work.shared.sequencer.release(reserved)
        work.shared.sequencer.settle(batch, outcome, at: work.now)
        return true
    }
}
