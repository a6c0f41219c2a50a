/// Why no secure connection came about, in words for people.
internal import Transport

extension ClientFailure {
    init(_ failure: SecureConnectFailure, at url: GatewayURL) {
        switch failure {
        case .system(let failure) where failure.isCancellation: self = .stopped
        case .system(let failure): self = .unreachable(url: url.description, reason: failure.reason)
        case .certificates(let failure): self = .untrusted(url: url.description, reason: "\(failure)")
        case .handshake(let failure): self.init(failure, at: url)
        }
    }

    private init(_ failure: HandshakeFailure, at url: GatewayURL) {
        let advice: String? =
            switch failure.distrust {
            case .otherName: "its certificate is not for \(url.host)"
            case .expired: "its certificate has expired"
            case .unknownAuthority:
                "nobody that is trusted here vouches for its certificate (\(failure)); name who does with --ca FILE, or \"ca\" in the settings"
            case .other: "its certificate is not trusted: \(failure)"
            case nil: nil
            }
        if let advice {
            self = .untrusted(url: url.description, reason: advice)
        } else if failure.isForeignProtocol {
            self = .unreachable(url: url.description, reason: "no TLS is spoken there; try http://")
        } else {
            self = .unreachable(url: url.description, reason: "the TLS handshake failed: \(failure)")
        }
    }
}
