/// All that the endpoints are for, claimed before a loop starts: addresses, paths, and sockets that were passed.
internal import Glibc
internal import Transport

struct ListeningPlaces {
    private(set) var addresses: [ListeningAddress] = []
    private(set) var skipped: [SkippedAddress] = []
    /// Passed sockets that no endpoint has taken yet.
    private var passed: [SharedSocket]
    private let backlog: Int32

    init(
        of configuration: GatewayConfiguration, passed: [SharedSocket]
    ) throws(RunningGateway.Failure) {
        self.passed = passed
        backlog = configuration.sockets.backlog
        for (place, endpoint) in configuration.endpoints.enumerated() {
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
        // A connection knows its listener by one byte.
        guard addresses.count <= 256 else {
            throw .system(SystemFailure("listen: more than 256 addresses", EMFILE))
        }
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
            addresses.append(ListeningAddress(socket.address, of: endpoint, at: place, sharing: socket))
        } catch {
            throw .socket(error)
        }
    }

    private mutating func claim(addressesOf endpoint: Endpoint, at place: Int) throws(RunningGateway.Failure)
    {
        var unclaimed = try endpoint.resolvedAddresses()
        unclaimed.removeAll { address in
            take(for: endpoint, at: place) { $0.address == address }
        }
        guard !unclaimed.isEmpty else { return }
        do throws(AddressClaim.Failure) {
            let claim = try AddressClaim(unclaimed)
            addresses += claim.claimed.map { ListeningAddress($0, of: endpoint, at: place) }
            skipped += claim.skipped
        } catch {
            throw .listen(error.address.description, error.reason)
        }
    }

    /// Takes those of the passed sockets that are meant; returns whether there were some.
    private mutating func take(
        for endpoint: Endpoint, at place: Int, _ isMeant: (SharedSocket) -> Bool
    ) -> Bool {
        let meant = passed.filter(isMeant)
        passed.removeAll(where: isMeant)
        addresses += meant.map { ListeningAddress($0.address, of: endpoint, at: place, sharing: $0) }
        return !meant.isEmpty
    }
}
