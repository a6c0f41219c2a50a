/// One certificate of a context, with OpenSSL's settings for connections that are shown it.
internal import COpenSSL

final class CertificateOffer {
    /// The profile of an A with testssl.sh: forward secrecy and authenticated encryption alone (RFC 9325 §4.2).
    private static let suites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
        + ":ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    /// AES-128 first, which costs a quarter less than AES-256 (`tidegate-bench run ticker-50k --server tidegate-tls`). A client
    /// without AES in its processor puts ChaCha20 first, and gets it.
    private static let newSuites =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"

    /// What a connection is made from (SSL_CTX).
    let settings: OpaquePointer
    private let certificate: OpaquePointer
    fileprivate let ocspResponse: [UInt8]

    init(_ certificate: Certificate, in library: OpaquePointer) throws(CertificateFailure) {
        let file = certificate.files.certificate
        let reader = try PEMReader(certificate.chain, of: file)
        let own = try reader.certificate(in: library)
        guard let settings = SSL_CTX_new_ex(library, nil, TLS_server_method()) else {
            X509_free(own)
            throw CertificateFailure(queuedFor: file)
        }
        self.settings = settings
        self.certificate = own
        ocspResponse = certificate.ocspResponse
        guard setProfile(), SSL_CTX_use_certificate(settings, self.certificate) == 1 else {
            throw CertificateFailure(queuedFor: file)
        }
        while let next = try reader.nextCertificate(in: library) {
            defer { X509_free(next) }
            guard tls_add_to_chain(settings, next) == 1 else { throw CertificateFailure(queuedFor: file) }
        }
        let key = try PEMReader(certificate.key, of: certificate.files.key).key(in: library)
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_PrivateKey(settings, key) == 1 else {
            throw CertificateFailure(queuedFor: certificate.files.key)
        }
        if !ocspResponse.isEmpty {
            tls_on_status_request(settings, staple, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    deinit {
        X509_free(certificate)
        SSL_CTX_free(settings)
    }

    private func setProfile() -> Bool {
        SSL_CTX_set_options(settings, tls_server_options)
        // An idle connection keeps no buffers (14 KB in place of 48). What is read again after a partial write may have moved. And
        // reading ends behind each record that is no data: a peer that renews its keys all the time must not hold the loop.
        tls_set_modes(
            settings,
            Int(
                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
            ),
            Int(SSL_MODE_AUTO_RETRY))
        tls_keep_no_sessions(settings)
        SSL_CTX_set_timeout(settings, Int(TicketKeys.life.components.seconds))
        SSL_CTX_set_max_early_data(settings, 0)
        return tls_set_versions(settings, TLS1_2_VERSION, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(settings, Self.suites) == 1
            && SSL_CTX_set_ciphersuites(settings, Self.newSuites) == 1
            && tls_set_groups(settings, Self.groups) == 1
            && SSL_CTX_set_num_tickets(settings, 1) == 1
            // Tickets hold for all certificates of all loops.
            && SSL_CTX_set_session_id_context(settings, "tidegate", 8) == 1
    }

    /// Whether the certificate names the host, as it is or by `*.` (RFC 6125 §6.4).
    func isFor(host name: UnsafePointer<CChar>) -> Bool {
        let rules = UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        return X509_check_host(certificate, name, 0, rules, nil) == 1
    }
}

/// Shows the authority's word to a client that asks for it (RFC 6066 §8).
private func staple(_ ssl: OpaquePointer?, _ offer: UnsafeMutableRawPointer?) -> Int32 {
    guard let offer else { return SSL_TLSEXT_ERR_NOACK }
    let response = Unmanaged<CertificateOffer>.fromOpaque(offer).takeUnretainedValue().ocspResponse
    guard let copy = tls_copy(response, response.count) else { return SSL_TLSEXT_ERR_NOACK }
    _ = tls_set_status(ssl, copy.assumingMemoryBound(to: UInt8.self), response.count)
    return SSL_TLSEXT_ERR_OK
}
