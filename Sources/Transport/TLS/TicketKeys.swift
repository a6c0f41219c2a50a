/// The keys that session tickets are sealed with (RFC 5077 §4), so that a client comes back with half a handshake.
internal import COpenSSL

/// Made by chance, the same for all loops, and exchanged now and then: the former ones still open what they have sealed.
package struct TicketKeys: Sendable {
    /// How long tickets are sealed with the same key, and how long a ticket is good. So two keys are enough.
    package static let life = Duration.seconds(8 * 3600)

    struct Key: Sendable {
        /// Stands in the ticket, in the clear.
        let name = randomBytes(16)
        let encryption = randomBytes(32)
        let authentication = randomBytes(32)
    }

    private let current = Key()
    private let former: Key?

    package init() {
        former = nil
    }

    private init(after former: Key) {
        self.former = former
    }

    /// New keys, which open what these have sealed.
    package func successor() -> TicketKeys { TicketKeys(after: current) }

    // MARK: What OpenSSL asks for

    /// What the callback answers (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
    private enum Answer {
        static let failure: Int32 = -1
        static let unknown: Int32 = 0
        static let good: Int32 = 1
        static let goodButRenew: Int32 = 2
    }

    /// Prepares `cipher` and `authenticator` to seal a ticket; fills in the key's name and a new IV.
    func prepareSealing(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ authenticator: OpaquePointer, _ algorithm: OpaquePointer
    ) -> Int32 {
        name.update(from: current.name, count: current.name.count)
        guard RAND_bytes(iv, 16) == 1,
            EVP_EncryptInit_ex(cipher, algorithm, nil, current.encryption, iv) == 1,
            Self.prepare(authenticator, current)
        else { return Answer.failure }
        return Answer.good
    }

    /// Prepares them to open a ticket, if its key is known.
    func prepareOpening(
        _ name: UnsafePointer<UInt8>, _ iv: UnsafePointer<UInt8>, _ cipher: OpaquePointer,
        _ authenticator: OpaquePointer, _ algorithm: OpaquePointer
    ) -> Int32 {
        let name = UnsafeBufferPointer(start: name, count: 16)
        let isCurrent = name.elementsEqual(current.name)
        guard let key = isCurrent ? current : former, name.elementsEqual(key.name) else {
            return Answer.unknown
        }
        guard EVP_DecryptInit_ex(cipher, algorithm, nil, key.encryption, iv) == 1,
            Self.prepare(authenticator, key)
        else { return Answer.failure }
        return isCurrent ? Answer.good : Answer.goodButRenew
    }

    private static func prepare(_ authenticator: OpaquePointer, _ key: Key) -> Bool {
        tls_begin_hmac(authenticator, key.authentication, key.authentication.count) == 1
    }
}

/// Bytes of OpenSSL's generator for secrets.
private func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // It fails only where the machine has no randomness at all: no key is better than a known one.
    precondition(RAND_priv_bytes(&bytes, Int32(count)) == 1, "there are no random numbers")
    return bytes
}
