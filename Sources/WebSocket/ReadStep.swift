/// The result of one step of a `MessageReader`.
package struct ReadStep: Equatable, Sendable {
    /// The bytes at the front of the input that the step finished with.
    package let consumed: Int
    /// The event that those bytes completed, if any.
    package let event: ReadEvent?

    @inlinable package init(consumed: Int, event: ReadEvent? = nil) {
        self.consumed = consumed
        self.event = event
    }

    /// The input holds no whole step: keep it, and call again when more has come.
    package static let needsMore = ReadStep(consumed: 0)

    /// Whether the reader needs more bytes.
    @inlinable package var isWaiting: Bool { consumed == 0 && event == nil }
}

/// What a peer said. Ranges are of the step's input, where those bytes are now unmasked. They lie within the consumed
/// bytes, so they stay readable until the caller moves or overwrites its input.
package enum ReadEvent: Equatable, Sendable {
    /// A message that is whole in the input, as `.text` (checked) or `.binary`.
    case message(Opcode, Range<Int>)
    /// A message that came in pieces or compressed: the reader's `message` until the next step.
    case assembledMessage(Opcode)
    /// Answer it with a pong of the same bytes.
    case ping(Range<Int>)
    case pong(Range<Int>)
    /// The peer's last frame; anything behind it is discarded. The code is nil if the frame was empty.
    case close(code: UInt16?, reason: Range<Int>)
}
