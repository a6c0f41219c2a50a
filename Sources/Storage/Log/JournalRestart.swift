/// A sequencer as a folder's files have it: the state of the snapshot, and the entries after it.
internal import Broker
internal import Primitives

/// Owned by one thread, and used once. While it reads, the sequencer lives by the log's clock; at the end its moments are moved to this
/// process's.
struct JournalRestart: ~Copyable {
    let sequencer: Sequencer
    /// The log's, as it goes on from here.
    private(set) var clock = LogClock()
    private(set) var entryCount = 0
    /// The number of the last update that the snapshot holds; 0 without one.
    private(set) var snapshotSequence: UInt64 = 0
    private(set) var snapshotTime: UnixTime?
    /// When the last thing happened that the files know of.
    private var last: LogEntry.Moment?
    private var batch = UpdateBatch()

    /// Reads all that `recovery` finds into `sequencer`, which is new.
    init(_ recovery: Recovery, into sequencer: Sequencer, time: UnixTime, at now: Instant) throws {
        self.sequencer = sequencer
        try recovery.forEachChunk { chunk in
            try chunk.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try restore(bytes) }
        }
        if last != nil { sequencer.finishRestoring() }
        try recovery.forEachRecord { _, body in
            try body.withUnsafeBufferPointer { bytes throws(LogEntryFailure) in try apply(bytes) }
        }
        guard let last else { return }
        clock = LogClock(after: last, time: time, at: now)
        sequencer.live(by: clock)
    }

    /// The first chunk is the order, the others are topics.
    private mutating func restore(_ chunk: UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) {
        var reader = ByteReader(chunk)
        guard last != nil else {
            let moment = try LogEntry.Moment(&reader)
            (last, snapshotTime) = (moment, moment.time)
            let order = try OrderState(&reader)
            snapshotSequence = order.sequence
            return sequencer.restore(order)
        }
        var topics: [TopicState] = []
        while !reader.isAtEnd { topics.append(try TopicState(&reader)) }
        sequencer.restore(topics)
    }

    private mutating func apply(_ entry: UnsafeBufferPointer<UInt8>) throws(LogEntryFailure) {
        last = try LogEntry.moment(of: entry)
        var reserved = 0
        _ = try sequencer.apply(entry, by: clock, reading: &batch, reserved: &reserved)
        entryCount += 1
    }
}
