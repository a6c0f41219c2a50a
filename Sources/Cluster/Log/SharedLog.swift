/// The seam between a node and the server where the nodes of a cluster keep their one log.
package import Broker

/// A log that nodes append to and read, behind one connection. Owned by one thread, which blocks. After a failure of kind `lost` it is
/// to `join` before anything else: it connects then, and the server may be another one, or know less than it did.
///
/// Positions are 1, 2, 3 and so on; a record that is there never changes. What is lost is lost from the end, and then an epoch begins.
package protocol SharedLog: AnyObject {
    /// Connects where it is not, and says where the log stands. Begins it where there is none; and where the server is not the process
    /// that it was when the epoch began, another epoch begins: its end may be lost.
    ///
    /// - Parameter takingOver: only this connection appends as this node from now on.
    func join(_ offer: JoinOffer, takingOver: Bool) throws(SharedLogFailure) -> LogHead

    /// Appends a record as number `number` of this process, which must follow its last. Returns its position.
    func append(_ record: [UInt8], number: UInt64, in epoch: String) throws(SharedLogFailure) -> UInt64

    /// The records after `position`, some of them. Waits where there are none; after a while without, there are none.
    func read(after position: UInt64) throws(SharedLogFailure) -> [LogRecord]

    /// The chunk of a checkpoint, from 0.
    func chunk(_ number: Int, of checkpoint: Checkpoint) throws(SharedLogFailure) -> [UInt8]

    /// Whether this node is the one to make the next checkpoint; for some seconds, then it has to ask again.
    func claimCheckpoint() throws(SharedLogFailure) -> CheckpointClaim

    /// Keeps the next chunk of one that is being made.
    func keep(_ chunk: Span<UInt8>, number: Int, ofCheckpoint name: String) throws(SharedLogFailure)

    /// All chunks are there: it is the checkpoint from now on, and what is before the one before is not needed any more.
    func finish(_ checkpoint: Checkpoint, in epoch: String) throws(SharedLogFailure)

    /// Tells the other nodes of this one, and what is known of them.
    func greet(_ greeting: NodeGreeting) throws(SharedLogFailure) -> NodeRound

    /// Leaves and takes notes: an outcome for each request, in their order. In one epoch those are found that were left in it, and no
    /// others: what a server did before it lost its end may be forgotten, and then a note would be taken twice.
    func exchange(_ requests: [NoteRequest], in epoch: String) throws(SharedLogFailure) -> NoteExchange

    /// Any thread: what it waits for fails, and so does all that follows until it joins.
    func cancel()
}

/// What a node brings along when it joins.
package struct JoinOffer: Sendable {
    /// The node's name: no two nodes have the same.
    package let node: String
    /// Which of the processes that have ever been this node.
    package let process: String
    /// The epoch that begins if one has to.
    package let epoch: String
    /// The record with which it begins, for an empty log and for one that goes on.
    package let first: [UInt8]
    package let next: [UInt8]
    /// The server that it is connected to is the wrong one: it is to find another.
    package let isAfresh: Bool
}

/// Where the log stands.
package struct LogHead: Sendable, Equatable {
    package struct Former: Sendable, Equatable {
        package let epoch: String
        /// The last of its positions that the log still has.
        package let survived: UInt64

        package init(epoch: String, survived: UInt64) {
            self.epoch = epoch
            self.survived = survived
        }
    }

    package var epoch: String
    package var position: UInt64
    /// The last one first.
    package var former: [Former]
    package var checkpoint: Checkpoint?
    /// The last record of this process that the log has; 0: none.
    package var ownNumber: UInt64

    package init(
        epoch: String, position: UInt64, former: [Former], checkpoint: Checkpoint?, ownNumber: UInt64
    ) {
        self.epoch = epoch
        self.position = position
        self.former = former
        self.checkpoint = checkpoint
        self.ownNumber = ownNumber
    }

    /// Whether it has the beginning of `epoch` at least.
    func knows(_ epoch: String) -> Bool {
        epoch == self.epoch || former.contains { $0.epoch == epoch }
    }

    /// Whether one of its epochs begins with the record at `position`.
    func begins(at position: UInt64) -> Bool {
        position == 1 || former.contains { $0.survived + 1 == position }
    }

    /// Whether all that was there at `position` of `epoch` is there.
    func continues(_ epoch: String, at position: UInt64) -> Bool {
        if epoch == self.epoch { return position <= self.position }
        return former.contains { $0.epoch == epoch && position <= $0.survived }
    }
}

/// The state after the record at `position`, in chunks.
package struct Checkpoint: Sendable, Equatable {
    package let position: UInt64
    package let chunkCount: Int
    /// Two that are made at one position have different ones.
    package let name: String

    package init(position: UInt64, chunkCount: Int, name: String) {
        self.position = position
        self.chunkCount = chunkCount
        self.name = name
    }
}

package enum CheckpointClaim: Sendable, Equatable {
    /// It is this node's turn. `last`: the position of the one that there is; 0 without one.
    case granted(last: UInt64)
    /// Another node makes one, or has made one at `last`.
    case taken(last: UInt64)
}

/// What came of requests about notes.
package struct NoteExchange: Sendable {
    /// Of each, in their order.
    package let outcomes: [NoteOutcome]
    /// Why the server has refused some of them, a sentence without its full stop; nil: it has refused none.
    package let refusal: String?

    package init(_ outcomes: [NoteOutcome], refusal: String? = nil) {
        self.outcomes = outcomes
        self.refusal = refusal
    }
}

package struct LogRecord: Sendable {
    package let position: UInt64
    /// The process that appended it, and as its how manieth; of an epoch's first record nobody, and 0.
    package let process: String
    package let number: UInt64
    package let bytes: [UInt8]

    package init(position: UInt64, process: String, number: UInt64, bytes: [UInt8]) {
        self.position = position
        self.process = process
        self.number = number
        self.bytes = bytes
    }
}

/// Why something was not done. `reason` is a sentence without its full stop.
package enum SharedLogFailure: Error, Sendable, Equatable {
    /// The connection is lost, or the server can't be used any more. Whether what was asked was done is not known.
    case lost(reason: String)
    /// The server takes nothing at present; what was asked was not done.
    case refused(reason: String)
    /// Another epoch has begun, or another connection appends as this node: it has to join again. Nothing was done.
    case superseded
    /// What was asked for is not there any more.
    case trimmed
    /// Trying again is of no use: somebody has to change something.
    case unusable(reason: String)
}
