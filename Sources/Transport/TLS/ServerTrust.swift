/// How a client knows that it speaks with the server that it means.
internal import COpenSSL
internal import Glibc
package import Primitives

package enum ServerTrust: Sendable, Equatable {
    /// By the authorities that this machine trusts.
    case system
    /// By those of a PEM file.
    case authorities(file: String)
    /// Not at all: anybody on the way may read and change what is said.
    case anyone

    /// By the authorities of a PEM file, and where none is named by those that this machine trusts.
    package init(authorities file: String?) {
        self = file.map { .authorities(file: $0) } ?? .system
    }
}

/// The certificate by which a client shows who it is, and its key, in PEM files.
package struct ClientIdentity: Sendable, Equatable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// What a client offers to speak over TLS (ALPN, RFC 7301).
package enum ApplicationOffer: Sendable {
    case http
    /// A protocol without a name there.
    case nothing
}

/// Why a secure connection could not be made.
package enum SecureConnectFailure: Error, Sendable {
    case handshake(HandshakeFailure)
    case certificates(CertificateFailure)
    case system(SystemFailure)
}

extension TLSStream {
    /// The client's end of TLS over a connection to the server `host`, before the handshake.
    static func client(
        over socket: consuming ByteStream, to host: String, trusting trust: ServerTrust,
        as identity: ClientIdentity? = nil, offering offer: ApplicationOffer = .http
    ) throws(SecureConnectFailure) -> TLSStream {
        let settings: ClientSettings
        do throws(CertificateFailure) {
            settings = try ClientSettings(trust, identity, offer)
        } catch {
            throw .certificates(error)
        }
        let side = Side.client(host: host, checksHost: trust != .anyone)
        guard let stream = TLSStream(over: socket, side, of: settings, settings.pointer) else {
            throw .system(SystemFailure("SSL_new", ENOMEM))
        }
        return stream
    }

    /// Shakes hands with the server `host` over a connection to it, and returns the stream that is secure from then on. Fails when
    /// `deadline` has come, or as soon as somebody wakes `stop` (ECANCELED). For clients, never on a loop.
    package static func connect(
        over socket: consuming ByteStream, to host: String, trusting trust: ServerTrust,
        as identity: ClientIdentity? = nil, offering offer: ApplicationOffer = .http, until deadline: Instant,
        unless stop: Wakeup?
    ) throws(SecureConnectFailure) -> ByteStream {
        let stream = try client(over: socket, to: host, trusting: trust, as: identity, offering: offer)
        while true {
            switch stream.handshake() {
            case .done: return ByteStream(stream)
            case .failed(let failure): throw .handshake(failure)
            case .blocked(let interest):
                let now = Instant.now()
                guard now < deadline else { throw .handshake(HandshakeFailure(.timeout)) }
                var wishes = [Readiness.Wish(stream.number, interest)]
                if let stop { wishes.append(.init(stop.descriptor, .read)) }
                let ready = Readiness.wait(for: wishes, timeout: deadline.since(now))
                if stop != nil, ready[1] { throw .system(SystemFailure("connect", ECANCELED)) }
            }
        }
    }
}

/// OpenSSL's settings for a client.
private final class ClientSettings {
    let pointer: OpaquePointer

    init(
        _ trust: ServerTrust, _ identity: ClientIdentity?, _ offer: ApplicationOffer
    ) throws(CertificateFailure) {
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw CertificateFailure(queuedFor: "TLS")
        }
        self.pointer = pointer
        SSL_CTX_set_options(pointer, tls_client_options)
        tls_set_modes(pointer, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER), 0)
        _ = tls_set_versions(pointer, TLS1_2_VERSION, 0)
        if offer == .http {
            let spoken = ApplicationProtocols.spoken
            SSL_CTX_set_alpn_protos(pointer, spoken.utf8Start, UInt32(spoken.utf8CodeUnitCount))
        }
        SSL_CTX_set_verify(pointer, trust == .anyone ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
        switch trust {
        case .anyone: break
        case .system: SSL_CTX_set_default_verify_paths(pointer)
        case .authorities(let file):
            // Read by our own hand first, for a clear word when it can't be.
            _ = try SmallFile.read(file)
            guard SSL_CTX_load_verify_file(pointer, file) == 1 else {
                throw CertificateFailure(queuedFor: file)
            }
        }
        if let identity { try show(identity) }
    }

    private func show(_ identity: ClientIdentity) throws(CertificateFailure) {
        // Read by our own hand first, for a clear word when they can't be.
        for file in [identity.certificate, identity.key] { _ = try SmallFile.read(file) }
        SSL_CTX_set_default_passwd_cb(pointer, noPassphrase)
        guard SSL_CTX_use_certificate_chain_file(pointer, identity.certificate) == 1 else {
            throw CertificateFailure(queuedFor: identity.certificate)
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, identity.key, SSL_FILETYPE_PEM) == 1 else {
            throw CertificateFailure(queuedFor: identity.key)
        }
    }

    deinit {
        SSL_CTX_free(pointer)
    }
}
