/// What an endpoint needs to speak TLS, by the names of files.

package struct TLSSettings: Sendable, Equatable {
    /// A certificate of the server's, and what belongs to it.
    package struct CertificateFiles: Sendable, Equatable {
        /// PEM: the server's own certificate first, then those that lead to an authority that clients know.
        package var certificate: String
        /// PEM, without a passphrase.
        package var key: String
        /// DER: the authority's word that the certificate is not revoked (RFC 6066 §8), shown to clients that ask.
        package var ocsp: String?

        package init(certificate: String, key: String, ocsp: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.ocsp = ocsp
        }

        package var all: [String] { [certificate, key] + [ocsp].compactMap(\.self) }
    }

    /// The first whose names cover the host that a client asks for is shown; the very first to all others.
    package var certificates: [CertificateFiles]

    /// PEM: the authorities by whose certificates clients show who they are; nil: they are asked for none.
    package var clientAuthorities: String?
    /// Whether a client without a certificate is turned away in the handshake.
    package var wantsClientCertificate = true

    package init(_ certificates: [CertificateFiles]) {
        self.certificates = certificates
    }

    /// All files that it names.
    package var files: [String] { certificates.flatMap(\.all) + [clientAuthorities].compactMap(\.self) }
}
