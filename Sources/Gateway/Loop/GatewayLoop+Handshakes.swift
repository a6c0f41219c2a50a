/// The exchange before the first byte of a protocol, where the stream has one: TLS.
internal import Broker
internal import Logging
internal import Primitives
internal import Transport

extension GatewayLoop {
    /// The stream of a new connection, as the endpoint wants it; nil when there is no memory for that.
    func secured(_ stream: consuming ByteStream, at listener: Int) -> ByteStream? {
        guard let context = work.listeners[listener].context else { return stream }
        guard let secure = context.accept(stream) else { return nil }
        return ByteStream(secure)
    }

    func isSecure(_ listener: Int) -> Bool { work.listeners[listener].context != nil }

    /// Goes on with the handshake, before the first byte of the protocol.
    func open(_ connection: Connection) {
        guard connection.proxyHeader == nil || readProxyHeader(connection) else { return }
        switch connection.stream.handshake() {
        case .done:
            if connection.stream.layered != nil { handshakeSucceeded(connection) }
            connection.phase = .serving
            connection.readInterest = .read
            connection.lastReceived = now
        case .blocked(let interest):
            connection.readInterest = interest
            connection.lastReceived = now
        case .failed(let failure): return handshakeFailed(connection, because: failure)
        }
        updateInterest(connection)
        if connection.isOpen { schedule(connection) }
    }

    private func handshakeSucceeded(_ connection: Connection) {
        handshakeEnded()
        guard let stream = connection.stream.layered as? TLSStream else { return }
        statistics.add(stream.isResumed ? .resumedHandshakes : .fullHandshakes)
        connection.certificate = stream.clientCertificate
        if connection.certificate != nil { work.memory.certifiedConnectionCount += 1 }
    }

    func handshakeFailed(_ connection: Connection, because failure: HandshakeFailure) {
        statistics.handshakeFailures[failure.reason]?.value.add()
        work.note(
            .handshakeFailed,
            [
                "peer": .text(connection.peer), "reason": .text(failure.reason.rawValue),
                "detail": .text("\(failure)"),
            ])
        switch failure.reason {
        case .plain: refusePlain(connection)
        case .timeout: end(connection, .timeout)
        case .closed: end(connection, .broken)
        case .version, .cipher, .application, .certificate, .alert, .malformed: end(connection, .malformed)
        }
    }

    /// Tells a peer that speaks without TLS, in the clear, how to come.
    private func refusePlain(_ connection: Connection) {
        handshakeEnded()
        connection.phase = .serving
        connection.readInterest = .read
        work.output.append(
            work.listeners[Int(connection.listener)].address.endpoint.spoken.plainRefusal(from: work))
        connection.endAfterSending(.malformed)
        settle(connection)
    }

    // MARK: How many at once

    /// Called when a handshake is over, however it ended.
    func handshakeEnded() {
        handshakes.end()
        guard handshakes.isRoomy, isListening else { return }
        for listener in acceptingAgain.indices where acceptingAgain[listener] != .never && isSecure(listener)
        {
            resumeAccepting(from: listener)
        }
    }

    /// Whether one more handshake may begin. When all places are taken, a silent peer may have to make way.
    func hasRoomForHandshake() -> Bool {
        guard handshakes.isFull else { return true }
        let silent = handshakes.takeOne { key in
            guard let connection = connection(of: key), connection.phase == .opening else { return nil }
            // An empty interest says that it has said something, and waits for its turn.
            return !connection.interest.isEmpty && now >= connection.lastReceived + Handshakes.patience
        }
        guard let silent, let connection = connection(of: silent) else { return false }
        handshakeFailed(connection, because: HandshakeFailure(.timeout))
        return true
    }
}
