/// Whom a limit is for.
internal import Access

enum Claimant: Hashable {
    /// An address, or a network of IPv6 (`AddressRange.network(of:)`).
    case network([UInt8])
    case principal(String)

    /// Whoever has one address of IPv6 has all of its network.
    init(address: [UInt8]?) {
        self = .network(AddressRange.network(of: address))
    }
}
