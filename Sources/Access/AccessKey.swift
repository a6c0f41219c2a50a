/// A key of `access.keys`: who has it may do what stands beside its hash.
internal import Primitives

/// The key itself is 256 random bits that nobody keeps but its owner. So a plain hash tells nothing about it, and no slow one
/// is needed.
package struct AccessKey: Sendable {
    /// So that people, and scanners for leaked secrets, see what it is.
    private static let prefix = "tg_"

    package let name: String
    let hash: Digest
    /// From where it may be used; empty: from anywhere.
    private let addresses: [AddressRange]
    package let principal: Principal

    package init(name: String, hash: Digest, addresses: [AddressRange], rights: Rights) {
        self.name = name
        self.hash = hash
        self.addresses = addresses
        principal = Principal(name: name, rights: rights, proof: .key, key: name, restingOn: hash)
    }

    /// A new key: for its owner, and its hash for the configuration.
    package static func make() -> (key: String, hash: Digest) {
        let random = Base64URL.encoded(Secret.random(byteCount: 32))
        let key = prefix + String(decoding: random, as: UTF8.self)
        return (key, Digest(of: Array(key.utf8).span))
    }

    /// Whether `presented` is this key's, in a time that tells nothing.
    func matches(_ presented: Digest) -> Bool { hash.isSame(as: presented) }

    /// The address is asked for only where it matters.
    func isAccepted(from address: () -> [UInt8]?) -> Bool {
        guard !addresses.isEmpty else { return true }
        guard let address = address() else { return false }
        return addresses.contains { $0.contains(address) }
    }
}

extension Digest {
    /// `sha256:` and 64 digits, as a configuration has it.
    package init?(setting text: String) {
        let prefix = "sha256:"
        guard text.hasPrefix(prefix) else { return nil }
        self.init(hexadecimal: Array(text.dropFirst(prefix.count).utf8).span)
    }

    package var setting: String { "sha256:" + hexadecimal }
}
