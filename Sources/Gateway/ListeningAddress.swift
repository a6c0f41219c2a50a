/// Where the gateway listens: every address that the host of an endpoint stands for, or its Unix socket.
internal import Glibc
internal import Synchronization
package import Transport

/// One address of an endpoint.
package struct ListeningAddress: Sendable {
    /// Tells its sockets from all others, also when a reload has changed the endpoint.
    let id: Int
    package let address: SocketAddress
    package let endpoint: Endpoint
    /// The endpoint's place among the settings: its addresses share what it has.
    package let place: Int
    /// What all loops accept from; nil where each has a socket of its own.
    let shared: SharedSocket?

    private static let nextID = Atomic<Int>(0)

    package init(
        _ address: SocketAddress, of endpoint: Endpoint, at place: Int = 0,
        sharing socket: SharedSocket? = nil
    ) {
        id = Self.nextID.add(1, ordering: .relaxed).newValue
        self.address = address
        shared = socket
        self.endpoint = endpoint
        self.place = place
    }

    /// The same sockets, for an endpoint that has taken the other one's place.
    init(_ former: ListeningAddress, of endpoint: Endpoint, at place: Int) {
        id = former.id
        address = former.address
        shared = former.shared
        self.endpoint = endpoint
        self.place = place
    }
}

/// An address that is not listened at, because the kernel lacks its family.
package struct SkippedAddress: Sendable {
    package let address: SocketAddress
    package let failure: SystemFailure
}

extension Endpoint {
    /// Whether it listens where the other one does.
    func isAtPlace(of other: Endpoint) -> Bool {
        host == other.host && port == other.port && path == other.path && socket == other.socket
    }

    /// Whether who came by the other one has come right here, too.
    func speaks(as other: Endpoint) -> Bool {
        spoken == other.spoken && (tls == nil) == (other.tls == nil)
            && takesProxyHeader == other.takesProxyHeader && redirects == other.redirects
    }

    /// Every address that it stands for; none of one that is for a socket which is passed: only that knows.
    func resolvedAddresses() throws(RunningGateway.Failure) -> [SocketAddress] {
        guard socket == nil else { return [] }
        do {
            return try resolved()
        } catch {
            throw .resolve(error)
        }
    }

    /// Every address that the host stands for, once each.
    func resolved() throws(ResolveFailure) -> [SocketAddress] {
        if let path {
            guard let address = SocketAddress(path: path) else {
                throw ResolveFailure(host: path, reason: "it can be no path of a socket")
            }
            return [address]
        }
        // Always both loopbacks, whatever the machine's table of hosts says (RFC 6761 §6.3).
        let hosts = host.lowercased() == "localhost" ? ["127.0.0.1", "::1"] : [host]
        var addresses: [SocketAddress] = []
        for host in hosts {
            for address in try SocketAddress.resolve(host: host, port: port)
            where !addresses.contains(address) { addresses.append(address) }
        }
        guard !addresses.isEmpty else { throw ResolveFailure(host: host, reason: "it has no address") }
        return addresses
    }
}

/// The addresses of one endpoint, claimed together.
struct AddressClaim {
    /// At least one; all have the same port.
    private(set) var claimed: [SocketAddress] = []
    private(set) var skipped: [SkippedAddress] = []

    /// Claims one address, which comes back with its port.
    typealias Step = (SocketAddress) throws(SystemFailure) -> SocketAddress

    struct Failure: Error {
        let address: SocketAddress
        let reason: SystemFailure
    }

    /// A port that is free at the first address may be taken at another one: then the kernel is asked for a next one, so
    /// often.
    static let portAttemptLimit = 16

    /// Claims all of `addresses`, which have one port; 0 becomes a free one.
    init(_ addresses: [SocketAddress], by step: Step = Listener.claim) throws(Failure) {
        let isPortFree = addresses.first?.port == 0
        var attempt = 1
        while true {
            do throws(Failure) {
                try claim(addresses, by: step)
                return
            } catch {
                guard isPortFree, error.reason.number == EADDRINUSE, attempt < Self.portAttemptLimit else {
                    throw error
                }
                attempt += 1
            }
        }
    }

    private mutating func claim(_ addresses: [SocketAddress], by step: Step) throws(Failure) {
        (claimed, skipped) = ([], [])
        for var address in addresses {
            if let first = claimed.first { address.port = first.port }
            do throws(SystemFailure) {
                claimed.append(try step(address))
            } catch {
                guard error.tellsOfNoFamily(of: address) else {
                    throw Failure(address: address, reason: error)
                }
                skipped.append(SkippedAddress(address: address, failure: error))
            }
        }
        if claimed.isEmpty, let first = skipped.first {
            throw Failure(address: first.address, reason: first.failure)
        }
    }
}

extension SystemFailure {
    /// Whether the kernel has no such family, or has it switched off: then even the loopback address is missing.
    fileprivate func tellsOfNoFamily(of address: SocketAddress) -> Bool {
        number == EAFNOSUPPORT || number == EADDRNOTAVAIL && address.isLocal
    }
}
