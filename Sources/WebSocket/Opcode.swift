/// What a frame carries (RFC 6455 §5.2).
package enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames are short, never fragmented, and may stand between the fragments of a message
    /// (RFC 6455 §5.5).
    @inlinable package var isControl: Bool { rawValue >= Opcode.close.rawValue }
}

/// The end of the connection that this process is. It decides who masks and who closes the transport first.
package enum EndpointRole: Sendable {
    case server
    case client
}
