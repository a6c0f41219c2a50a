/// A look at the certificates' files: what has changed goes to the loops, and what ends soon is told.
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

/// Owned by the thread of `CertificateWatch`.
struct CertificateRounds {
    private let shared: GatewayShared
    private let addresses: [ListeningAddress]
    private var certificates: EndpointCertificates
    private var keys: TicketKeys
    private var keysUntil: Instant
    /// The files of each endpoint when they were last looked at.
    private var stamps: [Int: [FileStamp?]] = [:]
    private var warnings = ExpiryWarnings()

    /// `keys` are those that the loops have.
    init(
        _ certificates: EndpointCertificates, at addresses: [ListeningAddress], _ keys: TicketKeys,
        _ shared: GatewayShared, now: Instant
    ) {
        self.certificates = certificates
        self.addresses = addresses
        self.keys = keys
        self.shared = shared
        keysUntil = now + Interval(TicketKeys.life)
        for place in certificates.places { stamps[place] = certificates.stamps(ofEndpointAt: place) }
        tellOfCertificates()
    }

    mutating func look(at time: UnixTime, now: Instant) {
        if now >= keysUntil { changeKeys(now) }
        for place in certificates.places {
            let found = certificates.stamps(ofEndpointAt: place)
            guard found != stamps[place] else { continue }
            // Before they are read: a change that comes meanwhile is seen the next time. And what is refused is tried again only
            // when it has changed.
            stamps[place] = found
            take(certificatesAt: place, at: time)
        }
        warn(at: time)
    }

    private mutating func take(certificatesAt place: Int, at time: UnixTime) {
        do throws(CertificateFailure) {
            try certificates.read(endpointAt: place, at: time)
            for loop in shared.loops {
                loop.mailbox.post(.contexts(try certificates.contexts(at: addresses, keys)))
            }
            shared.certificates.takenCount.add(1, ordering: .relaxed)
            shared.log.tell(
                .certificatesTaken, ["certificate": .text(certificates.names(ofEndpointAt: place))])
            tellOfCertificates()
        } catch {
            shared.certificates.refusedCount.add(1, ordering: .relaxed)
            shared.log.tell(.certificatesRefused, ["reason": .text("\(error)")])
        }
    }

    private mutating func changeKeys(_ now: Instant) {
        keys = keys.successor()
        keysUntil = now + Interval(TicketKeys.life)
        for loop in shared.loops { loop.mailbox.post(.ticketKeys(keys)) }
    }

    private func tellOfCertificates() {
        let known = certificates.all.map { CertificateStatus.Known(file: $0.files.certificate, end: $0.end) }
        shared.certificates.known.withLock { $0 = known }
    }

    private mutating func warn(at time: UnixTime) {
        for certificate in certificates.all {
            let file = certificate.files.certificate
            if let days = warnings.daysLeft(of: file, endingAt: certificate.end, time) {
                shared.log.tell(.certificateEnds, ["certificate": .text(file), "days": .integer(days)])
            }
        }
    }
}
