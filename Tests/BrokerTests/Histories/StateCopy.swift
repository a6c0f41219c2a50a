import Primitives

/// A state that is taken down, written, read and restored, as a restart does it.
@testable import Broker

/// A state as bytes: the order, and chunks of topics.
struct WrittenState {
    private(set) var order: [UInt8] = []
    private(set) var chunks: [[UInt8]] = []
    private(set) var isWhole = false

    init(beginningAt sequencer: Sequencer, by clock: LogClock = LogClock()) {
        self.init(sequencer.beginStateWalk(), by: clock)
    }

    init(_ state: OrderState, by clock: LogClock = LogClock()) {
        var output = ByteBuffer()
        state.write(to: &output, by: clock)
        order = output.bytes.array
    }

    /// Takes down some more.
    mutating func goOn(_ sequencer: Sequencer, _ count: Int = 512, by clock: LogClock = LogClock()) {
        take(sequencer.takeStates(count), by: clock)
    }

    mutating func take(_ states: [TopicState]?, by clock: LogClock = LogClock()) {
        guard let states else {
            isWhole = true
            return
        }
        var output = ByteBuffer()
        for state in states { state.write(to: &output, by: clock) }
        chunks.append(output.bytes.array)
    }

    /// Takes down all at once.
    init(of sequencer: Sequencer, by clock: LogClock = LogClock()) {
        self.init(beginningAt: sequencer, by: clock)
        while !isWhole { goOn(sequencer, by: clock) }
    }

    func read(
        _ order: (OrderState) -> Void, _ topics: ([TopicState]) -> Void
    ) throws {
        try self.order.withUnsafeBufferPointer { bytes in
            var reader = ByteReader(bytes)
            order(try OrderState(&reader))
            guard reader.isAtEnd else { throw LogEntryFailure("something follows the order") }
        }
        for chunk in chunks {
            try chunk.withUnsafeBufferPointer { bytes in
                var reader = ByteReader(bytes)
                var states: [TopicState] = []
                while !reader.isAtEnd { states.append(try TopicState(&reader)) }
                topics(states)
            }
        }
    }

    /// A sequencer that goes on from there. Its rules are those of the state.
    func restored(by clock: LogClock = LogClock()) throws -> Sequencer {
        let sequencer = Sequencer(epoch: Epoch("none"))
        try read({ sequencer.restore($0) }, { sequencer.restore($0) })
        sequencer.finishRestoring()
        sequencer.live(by: clock)
        return sequencer
    }
}

extension Sequencer {
    /// Another one that holds the same.
    func copy() throws -> Sequencer { try WrittenState(of: self).restored() }

    /// All that it holds, as text.
    var told: [String] { change { $0.numbering.told } }

    /// Applies an entry as it stands in a log.
    @discardableResult
    func apply(_ entry: [UInt8], by clock: LogClock = LogClock()) throws -> Result<
        PublishOutcome, PublishFailure
    >? {
        var batch = UpdateBatch()
        var reserved = 0
        return try entry.withUnsafeBufferPointer {
            try apply($0, by: clock, reading: &batch, reserved: &reserved)
        }
    }
}

extension UpdateBatch {
    /// The entry of a log.
    func entry(at moment: Numbering.Moment, by clock: LogClock = LogClock()) -> [UInt8] {
        var output = ByteBuffer()
        LogEntry.write(
            self, at: LogEntry.Moment(time: moment.time, instant: clock.reading(at: moment.now)), to: &output)
        return output.bytes.array
    }
}

extension LogEntry {
    /// The entry of an epoch that begins.
    static func bytes(_ epoch: Epoch, after survived: UInt64, at moment: Numbering.Moment) -> [UInt8] {
        var output = ByteBuffer()
        write(
            epoch, after: survived,
            at: Moment(time: moment.time, instant: LogClock().reading(at: moment.now)), to: &output)
        return output.bytes.array
    }
}
