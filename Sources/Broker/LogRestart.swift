/// A sequencer as what was kept has it: the state of a checkpoint, and the entries after it.
package import Primitives

/// Owned by one thread, and used once: chunks, then entries, then `finish`.
package struct LogRestart: ~Copyable {
    package let sequencer: Sequencer
    package private(set) var entryCount = 0
    /// The number of the last update that the checkpoint holds; 0 without one.
    package private(set) var checkpointSequence: UInt64 = 0
    /// When the checkpoint was the state; nil without one.
    package private(set) var checkpointTime: UnixTime?
    /// When the last thing happened that is known of; nil: nothing was there.
    package private(set) var last: LogEntry.Moment?
    private var isPastChunks = false
    private var batch = UpdateBatch()

    /// `sequencer` is new.
    package init(into sequencer: Sequencer) {
        self.sequencer = sequencer
    }

    /// Takes over the next chunk of a checkpoint, as `StateChunks` made them.
    package mutating func restore(_ chunk: UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) {
        var reader = ByteReader(chunk)
        guard checkpointTime != nil else {
            let moment = try LogEntry.Moment(&reader)
            (last, checkpointTime) = (moment, moment.time)
            let order = try OrderState(&reader)
            checkpointSequence = order.sequence
            return sequencer.restore(order)
        }
        var topics: [TopicState] = []
        while !reader.isAtEnd { topics.append(try TopicState(&reader)) }
        sequencer.restore(topics)
    }

    /// Applies the next entry.
    package mutating func apply(_ entry: UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) {
        finishChunks()
        last = try LogEntry.moment(of: entry)
        var reserved = 0
        _ = try sequencer.apply(entry, by: LogClock(), reading: &batch, reserved: &reserved)
        entryCount += 1
    }

    /// All is there. The sequencer lives by the log's clock until it is told otherwise (`Sequencer.live`).
    package mutating func finish() { finishChunks() }

    private mutating func finishChunks() {
        if isPastChunks { return }
        isPastChunks = true
        if checkpointTime != nil { sequencer.finishRestoring() }
    }
}
