/// All that the endpoints are for, claimed before a loop listens there: addresses, paths, and sockets that were passed.
internal import Glibc
internal import Transport

struct ListeningPlaces {
    /// A loop numbers its listeners with a byte. The other half of the numbers is for those that are gone, and of which there are
    /// connections still.
    private static let limit = 128

    /// By the endpoint's place.
    private var byPlace: [[ListeningAddress]]
    private(set) var skipped: [SkippedAddress] = []
    /// Passed sockets that no endpoint has taken yet.
    private var passed: [SharedSocket]
    /// Where the gateway listens, and no endpoint has said yet that it is to go on.
    private var held: [ListeningAddress]
    private let ownPorts: Set<UInt16>
    private let backlog: Int32

    /// In the order of the endpoints.
    var addresses: [ListeningAddress] { byPlace.flatMap(\.self) }

    /// What is `held` stays open where an endpoint is for it.
    init(
        of configuration: GatewayConfiguration, passed: [SharedSocket], holding held: [ListeningAddress] = []
    ) throws(RunningGateway.Failure) {
        self.passed = passed
        self.held = held
        ownPorts = Set(held.lazy.filter { $0.shared == nil }.map(\.address.port))
        backlog = configuration.sockets.backlog
        byPlace = Array(repeating: [], count: configuration.endpoints.count)
        for (place, endpoint) in configuration.endpoints.enumerated() { keep(for: endpoint, at: place) }
        for (place, endpoint) in configuration.endpoints.enumerated() where byPlace[place].isEmpty {
            if let name = endpoint.socket {
                try claim(socketsCalled: name, for: endpoint, at: place)
            } else if let path = endpoint.path {
                try claim(path, for: endpoint, at: place)
            } else {
                try claim(addressesOf: endpoint, at: place)
            }
        }
        // Whoever connects there would wait for ever.
        if let left = self.passed.first { throw .untaken(left) }
        guard addresses.count <= Self.limit else {
            throw .system(SystemFailure("listen: more than 128 addresses", EMFILE))
        }
    }

    /// Keeps all that is held for an endpoint at the same place. Nobody asks again for what its host stands.
    private mutating func keep(for endpoint: Endpoint, at place: Int) {
        guard let former = held.first(where: { endpoint.isAtPlace(of: $0.endpoint) })?.place else { return }
        let kept = held.filter { $0.place == former }
        held.removeAll { $0.place == former }
        passed.removeAll { socket in kept.contains { $0.shared === socket } }
        byPlace[place] = kept.map { ListeningAddress($0, of: endpoint, at: place) }
    }

    private mutating func claim(
        socketsCalled name: String, for endpoint: Endpoint, at place: Int
    ) throws(RunningGateway.Failure) {
        let known = passed.compactMap(\.name)
        guard take(for: endpoint, at: place, { $0.name == name }) else {
            throw .notPassed(name, known: known)
        }
    }

    private mutating func claim(
        _ path: String, for endpoint: Endpoint, at place: Int
    ) throws(RunningGateway.Failure) {
        guard !take(for: endpoint, at: place, { $0.address.path == path }) else { return }
        do throws(SocketFileFailure) {
            let socket = try SharedSocket(path: path, mode: endpoint.mode, backlog: backlog)
            byPlace[place].append(ListeningAddress(socket.address, of: endpoint, at: place, sharing: socket))
        } catch {
            throw .socket(error)
        }
    }

    private mutating func claim(addressesOf endpoint: Endpoint, at place: Int) throws(RunningGateway.Failure)
    {
        var unclaimed = try endpoint.resolvedAddresses()
        unclaimed.removeAll { address in
            take(for: endpoint, at: place) { $0.address == address }
                || keep(address, for: endpoint, at: place)
        }
        guard !unclaimed.isEmpty else { return }
        do throws(AddressClaim.Failure) {
            let claim = try AddressClaim(unclaimed, by: claim)
            byPlace[place] += claim.claimed.map { ListeningAddress($0, of: endpoint, at: place) }
            skipped += claim.skipped
        } catch {
            throw .listen(error.address.description, error.reason)
        }
    }

    /// `0.0.0.0` takes the place of `127.0.0.1`, say: that is not somebody else who listens there.
    private func claim(_ address: SocketAddress) throws(SystemFailure) -> SocketAddress {
        ownPorts.contains(address.port) ? try Listener.claimBesideOwn(address) : try Listener.claim(address)
    }

    /// Keeps the sockets of an address that was listened at for another endpoint.
    private mutating func keep(_ address: SocketAddress, for endpoint: Endpoint, at place: Int) -> Bool {
        guard let former = held.firstIndex(where: { $0.address == address && $0.shared == nil }) else {
            return false
        }
        byPlace[place].append(ListeningAddress(held.remove(at: former), of: endpoint, at: place))
        return true
    }

    /// Takes those of the passed sockets that are meant; returns whether there were some.
    private mutating func take(
        for endpoint: Endpoint, at place: Int, _ isMeant: (SharedSocket) -> Bool
    ) -> Bool {
        let meant = passed.filter(isMeant)
        passed.removeAll(where: isMeant)
        for socket in meant {
            let former = held.first { $0.shared === socket }
            byPlace[place].append(
                former.map { ListeningAddress($0, of: endpoint, at: place) }
                    ?? ListeningAddress(socket.address, of: endpoint, at: place, sharing: socket))
        }
        held.removeAll { held in meant.contains { $0 === held.shared } }
        return !meant.isEmpty
    }
}
