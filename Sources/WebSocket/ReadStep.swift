/// What one step of a `MessageReader` came to.
package struct ReadStep: Equatable, Sendable {
    /// The bytes at the front of the input that are done with.
    package let consumed: Int
    /// What those bytes completed, if anything.
    package let event: ReadEvent?

    @inlinable package init(consumed: Int, event: ReadEvent? = nil) {
        self.consumed = consumed
        self.event = event
    }

    /// The input holds no whole step: keep it, and come again when more has arrived.
    package static let needsMore = ReadStep(consumed: 0)

    /// Whether nothing can be done before more bytes arrive.
    @inlinable package var isWaiting: Bool { consumed == 0 && event == nil }
}

/// What a peer said. Ranges are of the input that was given to the step, whose bytes there are now unmasked; they
/// lie within what was consumed, and so stay readable until the caller moves or overwrites its input.
package enum ReadEvent: Equatable, Sendable {
    /// A message that lay whole in the input, as `.text` (checked) or `.binary`.
    case message(Opcode, Range<Int>)
    /// A message that came in pieces or compressed: it is in the reader's `message` until the next step.
    case assembledMessage(Opcode)
    /// To be answered with a pong of the same bytes.
    case ping(Range<Int>)
    case pong(Range<Int>)
    /// The last frame of the peer; whatever follows it is discarded. The code is nil when the frame was empty.
    case close(code: UInt16?, reason: Range<Int>)
}
