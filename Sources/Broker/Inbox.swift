/// One consumer's door to the sequencer.
internal import Primitives

/// Any thread may hold it; one consumer takes from it.
package struct Inbox: Sendable {
    /// 65,536 entries of 40 bytes: a loop that lags this far behind has stopped telling versions apart.
    package static let minimumCompactionCount = 65_536

    let sequencer: Sequencer
    let number: Int
    /// The one that held when the inbox was opened; a later one comes as an entry.
    let lineage: Lineage

    /// The epoch when the inbox was opened; `BrokerReplica.epoch` is the present one.
    package var epoch: Epoch { lineage.current }

    /// Moves what waits into `taken`, which must be empty.
    package func take(into taken: inout [InboxEntry]) {
        sequencer.take(number, into: &taken)
    }

    /// Announces that the loop is about to wait, so that the next update wakes it; false: updates wait already.
    package func sleep() -> Bool {
        sequencer.sleep(number)
    }
}
