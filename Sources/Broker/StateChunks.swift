/// The state of the topics as a checkpoint: a chunk with the order, then chunks of topics.
internal import Primitives

/// Made where the state is that of `moment`; any thread may then take the chunks, one after the other, while updates go on.
package struct StateChunks: Sendable {
    private let sequencer: Sequencer
    private let order: OrderState
    private let moment: LogEntry.Moment
    private let clock: LogClock
    private let stateNumber: Int

    /// A chunk ends when it has so many bytes.
    package static var chunkByteCount: Int { 256 << 10 }

    /// Begins to take down the state as it is now. Only one such walk of a sequencer may be under way, until `end`.
    package init(of sequencer: Sequencer, at moment: LogEntry.Moment, by clock: LogClock) {
        self.sequencer = sequencer
        self.moment = moment
        self.clock = clock
        stateNumber = sequencer.stateNumber
        order = sequencer.beginStateWalk()
    }

    /// Hands out all chunks, as `LogRestart` takes them. Blocks as long as `take` does. False: they are not all, because another state
    /// has taken the place of this one.
    package func takeAll<Failure: Error>(
        by take: (Span<UInt8>) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        var chunk = ByteBuffer()
        moment.write(to: &chunk)
        order.write(to: &chunk, by: clock)
        try take(chunk.bytes)
        chunk.removeAll()
        while let topics = sequencer.takeStates() {
            for topic in topics {
                topic.write(to: &chunk, by: clock)
                guard chunk.count >= Self.chunkByteCount else { continue }
                try take(chunk.bytes)
                chunk.removeAll()
            }
        }
        if chunk.count > 0 { try take(chunk.bytes) }
        return sequencer.stateNumber == stateNumber
    }

    /// Nobody wants any more of it.
    package func end() { sequencer.endStateWalk() }
}
