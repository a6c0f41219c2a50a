/// The server's side of TLS for one loop: its certificates, its tickets, and what it offers.
internal import COpenSSL

/// Used by one loop alone. It may be made on another thread and handed over, which is all that the unchecked conformance says.
///
/// Each has an OpenSSL of its own (OSSL_LIB_CTX): what the library fetches by name, it looks up under locks, which loops would
/// share.
package final class TLSContext: @unchecked Sendable {
    /// Whether clients are asked for a certificate.
    package let asksClients: Bool
    /// In the order of the settings.
    private var offers: [CertificateOffer] = []
    private let library: OpaquePointer
    /// What tickets are encrypted with.
    private let ticketCipher: OpaquePointer
    package var ticketKeys: TicketKeys

    package init(
        _ certificates: [Certificate], _ ticketKeys: TicketKeys, clients: ClientAuthorities? = nil
    ) throws(CertificateFailure) {
        let name = certificates.first?.files.certificate ?? ""
        guard let library = OSSL_LIB_CTX_new() else { throw CertificateFailure(queuedFor: name) }
        self.library = library
        guard let cipher = EVP_CIPHER_fetch(library, "AES-256-CBC", nil) else {
            OSSL_LIB_CTX_free(library)
            throw CertificateFailure(queuedFor: name)
        }
        ticketCipher = cipher
        self.ticketKeys = ticketKeys
        asksClients = clients != nil
        for certificate in certificates {
            let offer = try CertificateOffer(certificate, in: library)
            connect(offer.settings)
            try clients?.ask(in: offer.settings, library)
            offers.append(offer)
        }
    }

    deinit {
        // In this order: all of them refer to the library.
        offers = []
        EVP_CIPHER_free(ticketCipher)
        OSSL_LIB_CTX_free(library)
    }

    /// The server's end of TLS over an accepted connection; nil when there is no memory for it.
    package func accept(_ socket: consuming ByteStream) -> TLSStream? {
        TLSStream(over: socket, .server, of: self, offers[0].settings)
    }

    /// Lets OpenSSL ask this context for what depends on the client.
    private func connect(_ settings: OpaquePointer) {
        SSL_CTX_set_ex_data(settings, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_alpn_select_cb(settings, chooseProtocol, nil)
        SSL_CTX_set_tlsext_ticket_key_evp_cb(settings, sealOrOpenTicket)
        tls_on_host_name(settings, chooseCertificate)
    }
}

// MARK: Asked by OpenSSL, in a handshake

extension TLSContext {
    /// The context that a connection was accepted by. A stream holds its context, and OpenSSL calls back only from a stream's
    /// calls.
    fileprivate static func of(_ ssl: OpaquePointer) -> TLSContext? {
        let context = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0)
        return context.map { Unmanaged<TLSContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The settings of the first certificate that is for the host.
    fileprivate func settings(for host: UnsafePointer<CChar>) -> OpaquePointer? {
        offers.first { $0.isFor(host: host) }?.settings
    }

    fileprivate func prepareTicket(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ authenticator: OpaquePointer, isSealing: Bool
    ) -> Int32 {
        isSealing
            ? ticketKeys.prepareSealing(name, iv, cipher, authenticator, ticketCipher)
            : ticketKeys.prepareOpening(name, iv, cipher, authenticator, ticketCipher)
    }
}

/// Shows the certificate that is for the host which the client names (SNI, RFC 6066 §3); else the first of all.
private func chooseCertificate(
    _ ssl: OpaquePointer?, _: UnsafeMutablePointer<Int32>?, _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let ssl, let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
        let settings = TLSContext.of(ssl)?.settings(for: name)
    else { return SSL_TLSEXT_ERR_NOACK }
    SSL_set_SSL_CTX(ssl, settings)
    return SSL_TLSEXT_ERR_OK
}

/// Seals the ticket of a session, or opens one.
private func sealOrOpenTicket(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ authenticator: OpaquePointer?, _ isSealing: Int32
) -> Int32 {
    guard let ssl, let name, let iv, let cipher, let authenticator, let context = TLSContext.of(ssl) else {
        return -1
    }
    return context.prepareTicket(name, iv, cipher, authenticator, isSealing: isSealing == 1)
}

/// The protocol that is spoken from here on (ALPN, RFC 7301). A client that offers none of ours is refused; one that offers
/// nothing speaks HTTP/1.1.
private func chooseProtocol(
    _: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ count: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredCount: UInt32,
    _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let chosen, let count, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    var found: UnsafeMutablePointer<UInt8>?
    let spoken = ApplicationProtocols.spoken
    let status = SSL_select_next_proto(
        &found, count, spoken.utf8Start, UInt32(spoken.utf8CodeUnitCount), offered, offeredCount)
    guard status == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = UnsafePointer(found)
    return SSL_TLSEXT_ERR_OK
}

enum ApplicationProtocols {
    /// As they stand in the handshake: each behind its length.
    static let spoken: StaticString = "\u{8}http/1.1"
}
