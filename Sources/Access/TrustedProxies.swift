/// The proxies that are believed when they say for whom they speak.

/// Immutable.
package struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    package init(_ ranges: [AddressRange] = []) {
        self.ranges = ranges
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package func contains(_ address: [UInt8]?) -> Bool {
        guard let address else { return false }
        return ranges.contains { $0.contains(address) }
    }

    /// The client of a request that came from one of them with these nodes, the nearest first; nil where there are none: then
    /// the proxy asks for itself.
    ///
    /// A proxy that writes one of the two fields passes the other on as its client made it. So where both are there, they must
    /// name the same client. What is wrong is nobody's address, and never the proxy's: that may be allowed more.
    package func client(listed: [[UInt8]], forwarded: [[UInt8]]) -> ForwardedNode? {
        guard !listed.isEmpty, !forwarded.isEmpty else {
            return client(behind: listed.isEmpty ? forwarded : listed)
        }
        guard let one = client(behind: listed), let other = client(behind: forwarded),
            one.address == other.address
        else { return .unknown }
        return one
    }

    /// The first node that is none of ours. If all are, the farthest of them has asked.
    private func client(behind nodes: [[UInt8]]) -> ForwardedNode? {
        var client: ForwardedNode?
        for text in nodes {
            let node = ForwardedNode(text)
            client = node
            guard contains(node.address) else { break }
        }
        return client
    }
}
