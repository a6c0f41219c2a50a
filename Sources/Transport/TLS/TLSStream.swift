/// TLS over a socket (RFC 8446, RFC 5246), as a layer of which loops and clients need not know.
internal import COpenSSL
internal import Glibc

/// Owned by one thread. OpenSSL reads and writes the socket itself: a pair of its memory buffers between the two would cost 34 KB
/// a connection and a copy.
package final class TLSStream: LayeredStream {
    private enum Phase {
        case handshake
        case open
        /// This end has said that it sends nothing more.
        case ended
        /// What the peer speaks is HTTP without TLS. From here on the stream is the bare socket, so that the peer can be told.
        case bare
        /// Nothing can be said any more, not even goodbye (SSL_get_error(3)).
        case failed
    }

    /// The side of the handshake.
    enum Side {
        case server
        /// `host` is asked for by name (SNI), and the certificate must be for it, unless anybody is trusted.
        case client(host: String, checksHost: Bool)
    }

    /// Records to read at once. A peer may send one of a byte, and each costs a microsecond and two calls to the kernel.
    private static let recordLimit = 16

    private let socket: ByteStream
    let ssl: OpaquePointer
    /// Kept as long as OpenSSL may call back into it.
    private let context: AnyObject
    private var phase = Phase.handshake

    /// Nil when OpenSSL has no memory, or the host is no name.
    init?(over socket: consuming ByteStream, _ side: Side, of context: AnyObject, _ settings: OpaquePointer) {
        guard let ssl = SSL_new(settings) else { return nil }
        self.ssl = ssl
        self.context = context
        self.socket = socket
        guard let channel = SocketChannel.make(self.socket.number) else { return nil }
        SSL_set_bio(ssl, channel, channel)
        switch side {
        case .server: SSL_set_accept_state(ssl)
        case .client(let host, let checksHost):
            SSL_set_connect_state(ssl)
            guard Self.name(host, to: ssl, isChecked: checksHost) else { return nil }
        }
    }

    deinit {
        if phase == .open { sayGoodbye() }
        SSL_free(ssl)
    }

    /// An address is never sent as a name (RFC 6066 §3).
    private static func name(_ host: String, to ssl: OpaquePointer, isChecked: Bool) -> Bool {
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 {
            if !isChecked { X509_VERIFY_PARAM_set1_ip(parameters, nil, 0) }
            return true
        }
        ERR_clear_error()
        if isChecked {
            X509_VERIFY_PARAM_set_hostflags(
                parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
            )
            guard SSL_set1_host(ssl, host) == 1 else { return false }
        }
        return tls_name_host(ssl, host) == 1
    }

    // MARK: What OpenSSL says

    /// Why a call did not do what was asked.
    private enum Obstacle {
        case wait(Poller.Interest)
        case ended
        case failed
    }

    /// Asked right behind the call: `errno` still tells of it.
    private func obstacle(of returned: Int32) -> Obstacle {
        switch SSL_get_error(ssl, returned) {
        case SSL_ERROR_WANT_READ: .wait(.read)
        case SSL_ERROR_WANT_WRITE: .wait(.write)
        case SSL_ERROR_ZERO_RETURN: .ended
        default: .failed
        }
    }

    /// A fault of the connection as its owner knows them: the kernel's number where it is the kernel's, else "protocol error".
    private func fail(_ call: StaticString) -> SystemFailure {
        let number = errno
        let isKernels = ERR_peek_error() == 0 && number != 0
        ERR_clear_error()
        phase = .failed
        return SystemFailure(call, isKernels ? number : EPROTO)
    }

    // MARK: The two directions

    package func handshake() -> ByteStream.HandshakeOutcome {
        guard phase == .handshake else { return .done }
        ERR_clear_error()
        errno = 0
        let returned = SSL_do_handshake(ssl)
        if returned == 1 {
            phase = .open
            return .done
        }
        switch obstacle(of: returned) {
        case .wait(let interest): return .blocked(until: interest)
        case .ended, .failed: return .failed(endHandshake())
        }
    }

    private func endHandshake() -> HandshakeFailure {
        let code = ERR_peek_error()
        let failure =
            code == 0
            ? HandshakeFailure(errno == 0 ? nil : SystemFailure("recv"))
            : HandshakeFailure(queued: code, verification: SSL_get_verify_result(ssl))
        ERR_clear_error()
        phase = failure.reason == .plain ? .bare : .failed
        return failure
    }

    package func read(into space: UnsafeMutableBufferPointer<UInt8>) -> ByteStream.ReadOutcome {
        guard phase != .bare else { return socket.read(into: space) }
        guard let start = space.baseAddress else { return .blocked(until: .read) }
        var filled = 0
        for _ in 0..<Self.recordLimit {
            guard filled < space.count else { break }
            var count = 0
            ERR_clear_error()
            errno = 0
            let returned = SSL_read_ex(ssl, start + filled, space.count - filled, &count)
            filled += count
            if returned == 1 { continue }
            switch obstacle(of: returned) {
            case .wait(let interest):
                return filled > 0 ? .bytes(filled, holdsMore: false) : .blocked(until: interest)
            case .ended:
                // Of the end no poller may tell: the peer's socket can stay open.
                return filled > 0 ? .bytes(filled, holdsMore: true) : .ended
            case .failed:
                let failure = fail("SSL_read")
                return filled > 0 ? .bytes(filled, holdsMore: true) : .failed(failure)
            }
        }
        return .bytes(filled, holdsMore: SSL_has_pending(ssl) == 1)
    }

    /// Each record of up to 16 KB is a call to the kernel. One of which it took a part is OpenSSL's until the next call, which
    /// must bring the same bytes again.
    package func write(_ bytes: UnsafeBufferPointer<UInt8>) -> ByteStream.WriteOutcome {
        guard phase != .bare else { return socket.write(bytes) }
        guard let start = bytes.baseAddress else { return .bytes(0) }
        var written = 0
        while written < bytes.count {
            var count = 0
            ERR_clear_error()
            errno = 0
            let returned = SSL_write_ex(ssl, start + written, bytes.count - written, &count)
            written += count
            if returned == 1 { continue }
            switch obstacle(of: returned) {
            case .wait(let interest): return written > 0 ? .bytes(written) : .blocked(until: interest)
            case .ended, .failed: return .failed(fail("SSL_write"))
            }
        }
        return .bytes(written)
    }

    package func endWriting() {
        if phase == .open {
            sayGoodbye()
            phase = .ended
        }
        socket.endWriting()
    }

    /// Sends close_notify (RFC 8446 §6.1), if the kernel takes it.
    private func sayGoodbye() {
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
        ERR_clear_error()
    }

    // MARK: What is known of it

    /// Whether the handshake went on from an earlier session.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// `TLSv1.3`
    package var version: String { String(cString: SSL_get_version(ssl)) }

    package var number: Int32 { socket.number }
    package var sinceAcknowledgement: Duration { socket.sinceAcknowledgement }
    package var roundTrip: Duration { socket.roundTrip }
    package var unsentByteCount: Int { socket.unsentByteCount }
    package var brokenBy: SystemFailure? { socket.brokenBy }
    package var peer: String { socket.peer }
}
