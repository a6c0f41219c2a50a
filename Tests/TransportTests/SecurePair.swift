/// Both ends of a TLS connection on one thread, with the test between them: not a byte passes that it does not carry.
import COpenSSL
import Glibc
import Primitives
import TestSupport

@testable import Transport

/// OpenSSL's own client, with everything that a test wants to set.
final class OpenSSLClient {
    let ssl: OpaquePointer
    private let settings: OpaquePointer
    private let descriptor: FileDescriptor

    init(over descriptor: consuming FileDescriptor, _ change: (OpaquePointer) -> Void) {
        settings = SSL_CTX_new(TLS_client_method())
        ssl = SSL_new(settings)
        self.descriptor = descriptor
        SSL_set_fd(ssl, self.descriptor.number)
        SSL_set_connect_state(ssl)
        change(ssl)
    }

    deinit {
        // Without a goodbye OpenSSL takes the session for a broken one.
        SSL_shutdown(ssl)
        SSL_free(ssl)
        SSL_CTX_free(settings)
    }

    /// Whether the handshake is done.
    func shake() -> Bool {
        ERR_clear_error()
        return SSL_do_handshake(ssl) == 1
    }

    func write(_ text: String) -> Bool {
        ERR_clear_error()
        return SSL_write(ssl, text, Int32(text.utf8.count)) == text.utf8.count
    }

    /// What has come; empty for nothing.
    func read() -> [UInt8] {
        var space = [UInt8](repeating: 0, count: 65_536)
        ERR_clear_error()
        let count = SSL_read(ssl, &space, Int32(space.count))
        return Array(space.prefix(Int(max(count, 0))))
    }

    /// The session, for a next connection. It is there once a ticket has been read.
    var session: OpaquePointer? { SSL_get1_session(ssl) }
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    func sees(certificateFor host: String) -> Bool {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return false }
        defer { X509_free(certificate) }
        return X509_check_host(certificate, host, 0, 0, nil) == 1
    }
}

final class SecurePair {
    let client: OpenSSLClient
    let server: TLSStream
    /// The wire's ends that the test holds: towards the client, and towards the server.
    private let near: FileDescriptor
    private let far: FileDescriptor

    init(_ context: TLSContext, _ change: (OpaquePointer) -> Void = { _ in }) throws {
        let (clientEnd, near) = try Self.sockets()
        let (serverEnd, far) = try Self.sockets()
        client = OpenSSLClient(over: FileDescriptor(owning: clientEnd), change)
        guard let server = context.accept(ByteStream(FileDescriptor(owning: serverEnd))) else {
            throw SystemFailure("SSL_new", ENOMEM)
        }
        self.server = server
        self.near = FileDescriptor(owning: near)
        self.far = FileDescriptor(owning: far)
    }

    static func sockets() throws -> (Int32, Int32) {
        // OpenSSL's own client writes without MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemFailure("socketpair") }
        return (ends[0], ends[1])
    }

    /// Carries up to so many bytes to the server, as `change` makes them; returns how many.
    @discardableResult
    func carryToServer(_ limit: Int = 65_536, _ change: (inout [UInt8]) -> Void = { _ in }) -> Int {
        carry(from: near.number, to: far.number, limit, change)
    }

    @discardableResult
    func carryToClient(_ limit: Int = 65_536) -> Int {
        carry(from: far.number, to: near.number, limit) { _ in }
    }

    private func carry(
        from source: Int32, to target: Int32, _ limit: Int, _ change: (inout [UInt8]) -> Void
    ) -> Int {
        var space = [UInt8](repeating: 0, count: limit)
        let count = recv(source, &space, limit, 0)
        guard count > 0 else { return 0 }
        var bytes = Array(space[..<count])
        change(&bytes)
        _ = send(target, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return count
    }

    /// Hands the server bytes that no client has sent.
    func sendToServer(_ bytes: [UInt8]) { _ = send(far.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// The client is gone, for the server.
    func hangUp() { _ = shutdown(far.number, Int32(SHUT_RDWR)) }

    /// What the server has sent and nobody has carried.
    func sentByServer() -> [UInt8] {
        var space = [UInt8](repeating: 0, count: 65_536)
        let count = recv(far.number, &space, space.count, 0)
        return Array(space.prefix(max(count, 0)))
    }

    /// Carries so many bytes at once back and forth until both are done; returns how it ended for the server.
    @discardableResult
    func shake(_ step: Int = 65_536) -> ByteStream.HandshakeOutcome {
        var outcome = ByteStream.HandshakeOutcome.blocked(until: .read)
        for _ in 0..<20_000 {
            let isClientDone = client.shake()
            carryToServer(step)
            if outcome != .done { outcome = server.handshake() }
            if case .failed = outcome { return outcome }
            carryToClient(step)
            if isClientDone, outcome == .done { return .done }
        }
        return outcome
    }

    /// Carries everything that the server has sent, and returns what the client reads of it.
    func clientReads() -> [UInt8] {
        var read: [UInt8] = []
        repeat {
            while true {
                let piece = client.read()
                if piece.isEmpty { break }
                read += piece
            }
            // No more at once than the client takes: what the wire has no room for would be lost.
        } while carryToClient(16_384) > 0
        return read
    }
}

extension TLSContext {
    /// A server's context with certificates for these names, one for each.
    static func forTests(
        _ names: [String] = ["DNS:localhost"], keys: TicketKeys = TicketKeys()
    ) throws -> TLSContext {
        let certificates = try names.map { name in
            let pair = try TestAuthority.shared.issue(for: [name])
            return try Certificate(
                reading: .init(certificate: pair.certificate, key: pair.key), at: .now())
        }
        return try TLSContext(certificates, keys)
    }
}
