/// The authorities by whose certificates clients show who they are.
internal import COpenSSL
package import Primitives

/// Immutable.
package struct ClientAuthorities: Sendable {
    /// A chain of the client's certificate and so many of those that lead to an authority. Each costs a signature.
    private static let depth: Int32 = 4
    /// What such a chain may have. OpenSSL holds all of it before it looks who vouches for it, and would take 100 KB.
    private static let byteLimit = 32 * 1024

    private let file: String
    private let text: [UInt8]
    private let isRequired: Bool

    package init(reading file: String, isRequired: Bool) throws(CertificateFailure) {
        self.file = file
        self.isRequired = isRequired
        text = try SmallFile.read(file)
        X509_free(try PEMReader(text, of: file).certificate(in: nil))
    }

    /// Has connections that are made from these settings ask the client for its certificate.
    func ask(in settings: OpaquePointer, _ library: OpaquePointer) throws(CertificateFailure) {
        let reader = try PEMReader(text, of: file)
        guard let store = SSL_CTX_get_cert_store(settings) else { throw CertificateFailure(queuedFor: file) }
        while let authority = try reader.nextCertificate(in: library) {
            defer { X509_free(authority) }
            // The names of the authorities tell the client which of its certificates to show (RFC 8446 §4.2.4).
            guard X509_STORE_add_cert(store, authority) == 1, SSL_CTX_add_client_CA(settings, authority) == 1
            else { throw CertificateFailure(queuedFor: file) }
        }
        SSL_CTX_set_verify(
            settings, SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
        SSL_CTX_set_verify_depth(settings, Self.depth)
        SSL_CTX_ctrl(settings, SSL_CTRL_SET_MAX_CERT_LIST, Self.byteLimit, nil)
        guard SSL_CTX_set_session_id_context(settings, context, UInt32(context.count)) == 1 else {
            throw CertificateFailure(queuedFor: file)
        }
    }

    /// A session goes on only where it would be let in by the same authorities: a ticket holds the client's certificate, which
    /// nobody checks again.
    private var context: [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        let content = text + [isRequired ? 1 : 0]
        SHA256(content, content.count, &digest)
        return digest
    }
}

/// What a client's certificate says, which one of the endpoint's authorities has vouched for.
package struct ClientCertificate: Sendable, Equatable {
    /// `CN=feeder-1,O=Example` (RFC 4514), the most specific part first.
    package let subject: String
    /// The alternative names: `URI:spiffe://mesh/feeder`, `DNS:feeder.mesh`, `email:ann@example`.
    package let names: [String]
    /// When it ends.
    package let end: UnixTime

    package init(subject: String, names: [String], end: UnixTime) {
        self.subject = subject
        self.names = names
        self.end = end
    }
}

extension TLSStream {
    /// The certificate that the client has shown, in this handshake or in the one that the session goes on from; nil where it has
    /// shown none, or was asked for none.
    package var clientCertificate: ClientCertificate? {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        guard SSL_get_verify_result(ssl) == Int(X509_V_OK),
            let end = Certificate.moment(X509_get0_notAfter(certificate))
        else { return nil }
        return ClientCertificate(
            subject: Self.subject(of: certificate), names: Self.names(of: certificate), end: end)
    }

    private static func subject(of certificate: OpaquePointer) -> String {
        written { X509_NAME_print_ex($0, X509_get_subject_name(certificate), 0, tls_subject_flags) }
    }

    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let names = tls_alternative_names(certificate) else { return [] }
        defer { tls_free_names(names) }
        var found: [String] = []
        for place in 0..<tls_count_names(names) {
            var text: UnsafePointer<UInt8>?
            var count: Int32 = 0
            let kind = tls_name_at(names, place, &text, &count)
            let prefix: String
            switch kind {
            case GEN_URI: prefix = "URI:"
            case GEN_DNS: prefix = "DNS:"
            case GEN_EMAIL: prefix = "email:"
            default: continue
            }
            guard let text else { continue }
            let bytes = UnsafeBufferPointer(start: text, count: Int(count))
            // A zero within would end the name for others (CVE-2009-2408).
            guard !bytes.contains(0) else { continue }
            found.append(prefix + String(decoding: bytes, as: UTF8.self))
        }
        return found
    }

    /// What `write` has written into a buffer of OpenSSL's.
    private static func written(_ write: (OpaquePointer) -> Int32) -> String {
        guard let buffer = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(buffer) }
        guard write(buffer) >= 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(buffer)))
        let count = BIO_read(buffer, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
    }
}
