/// Why a handshake came to nothing.
internal import COpenSSL
internal import Glibc

package struct HandshakeFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds that are counted.
    package enum Reason: String, Sendable, CaseIterable {
        /// The peer speaks HTTP without TLS.
        case plain
        /// No version of TLS that both speak.
        case version
        /// No suite, group or signature that both have.
        case cipher
        /// None of the protocols that the peer offers (ALPN) is spoken here.
        case application
        /// The peer's certificate is missing, or is not trusted.
        case certificate
        /// The peer sent an alert: most often it does not trust our certificate.
        case alert
        case malformed
        /// The peer went away, or the connection broke.
        case closed
        case timeout
    }

    package let reason: Reason
    /// OpenSSL's number for what happened first; 0 where it has none.
    private var code: UInt = 0
    /// What is wrong with the peer's certificate (X509_V_ERR_…); 0: nothing.
    private var verification = 0
    private var system: SystemFailure?

    package init(_ reason: Reason) {
        self.reason = reason
    }

    /// What stands in OpenSSL's queue of errors.
    init(queued code: UInt, verification: Int) {
        self.code = code
        reason = Self.reason(of: ERR_GET_REASON(code))
        if reason == .certificate { self.verification = verification }
    }

    init(_ system: SystemFailure?) {
        reason = .closed
        self.system = system
    }

    /// Alerts of the peer are numbered from here on (SSL_AD_REASON_OFFSET).
    private static let firstAlert: Int32 = 1000

    private static func reason(of number: Int32) -> Reason {
        switch number {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: .plain
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_VERSION_TOO_LOW,
            SSL_R_UNKNOWN_PROTOCOL, SSL_R_INAPPROPRIATE_FALLBACK:
            .version
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_GROUPS,
            SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
            .cipher
        case SSL_R_NO_APPLICATION_PROTOCOL: .application
        case SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: .certificate
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: .closed
        case firstAlert...: .alert
        default: .malformed
        }
    }

    package var description: String {
        if verification != 0 { return String(cString: X509_verify_cert_error_string(verification)) }
        if let system { return "\(system)" }
        if code != 0, let text = ERR_reason_error_string(code) { return String(cString: text) }
        switch reason {
        case .closed: return "the peer went away"
        case .timeout: return "the peer took too long"
        case .plain, .version, .cipher, .application, .certificate, .alert, .malformed: return reason.rawValue
        }
    }

    /// What was wrong with the server's certificate, for a client that would not go on.
    package enum Distrust: Sendable, Equatable {
        case otherName
        case expired
        case unknownAuthority
        case other
    }

    package var distrust: Distrust? {
        switch Int32(verification) {
        case 0: nil
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .otherName
        case X509_V_ERR_CERT_HAS_EXPIRED: .expired
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            .unknownAuthority
        default: .other
        }
    }

    /// Whether what came is no TLS at all.
    package var isForeignProtocol: Bool { ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER }
}
