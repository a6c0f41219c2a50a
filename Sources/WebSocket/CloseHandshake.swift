/// How far a connection has come on its way from open to closed (RFC 6455 §7).
package enum ConnectionState: Sendable {
    case open
    /// This endpoint has written its close frame and waits for the peer's. It may ignore data that still comes.
    case closingSent
    /// The peer will send nothing more; this endpoint's close frame is on its way out.
    case closingReceived
    case closed
}

/// The closing handshake as a value: each method says what happened and returns what to do about it.
///
///     open ── close ──────────▶ closingSent ── received / transportEnded ──▶ closed
///      └── received / failed ─▶ closingReceived ── closeFrameLeft ─────────▶ closed
///
/// The caller decides how long to wait.
package struct CloseHandshake: Sendable {
    package enum Action: Equatable, Sendable {
        case nothing
        /// Write a close frame, empty without a code, and call `closeFrameLeft` when its last byte has left.
        case sendClose(CloseCode?)
        /// Wait until a deadline for the peer to send its close frame or to end the transport.
        case waitForPeer
        case closeTransport
    }

    private let role: EndpointRole
    package private(set) var state = ConnectionState.open

    package init(role: EndpointRole) {
        self.role = role
    }

    /// Whether messages may still be sent: not after a close frame (RFC 6455 §5.5.1).
    package var maySend: Bool { state == .open }

    /// This endpoint wants to end the connection.
    package mutating func close(with code: CloseCode) -> Action {
        switch state {
        case .open:
            state = .closingSent
            return .sendClose(code)
        case .closingSent, .closingReceived, .closed:
            return .nothing
        }
    }

    /// The peer's close frame came. It either answers ours, or we answer it with its own code (RFC 6455 §5.5.1).
    package mutating func received(closeCode code: UInt16?) -> Action {
        switch state {
        case .open:
            state = .closingReceived
            return .sendClose(code.map(CloseCode.init(rawValue:)))
        case .closingSent:
            state = .closed
            return endOfTransport
        case .closingReceived, .closed:
            return .nothing
        }
    }

    /// The peer broke a rule. Nothing that it sends afterwards is read (RFC 6455 §7.1.7).
    package mutating func failed(_ failure: WebSocketFailure) -> Action {
        switch state {
        case .open:
            state = .closingReceived
            return .sendClose(failure.closeCode)
        case .closingSent:
            state = .closed
            return .closeTransport
        case .closingReceived, .closed:
            return .nothing
        }
    }

    /// The transport has taken the last byte of this endpoint's close frame.
    package mutating func closeFrameLeft() -> Action {
        switch state {
        case .closingSent:
            return .waitForPeer
        case .closingReceived:
            state = .closed
            return endOfTransport
        case .open, .closed:
            return .nothing
        }
    }

    /// The peer or a deadline ended the transport.
    package mutating func transportEnded() -> Action {
        switch state {
        case .open, .closingSent, .closingReceived:
            state = .closed
            return .closeTransport
        case .closed:
            return .nothing
        }
    }

    /// The server closes the transport first, so that the client's port is free at once (RFC 6455 §7.1.1).
    private var endOfTransport: Action {
        switch role {
        case .server: .closeTransport
        case .client: .waitForPeer
        }
    }
}
