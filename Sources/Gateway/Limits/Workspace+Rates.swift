/// How fast each connection, address and principal may go, where a setting says so.
internal import Access
internal import Primitives
internal import Synchronization

extension Workspace {
    // MARK: Connections

    /// How long nobody is accepted; nil: whoever waits is. Who is not accepted waits in the kernel, and is refused nothing.
    func waitToAccept() -> Duration? {
        let limit = configuration.access.newConnectionLimit
        guard limit.rate > 0, let wait = shared.newConnections.withLock({ $0.wait(at: now, limit) })
        else { return nil }
        statistics.add(.pacedAccepts)
        return wait
    }

    func countAccepted() {
        let limit = configuration.access.newConnectionLimit
        if limit.rate > 0 { shared.newConnections.withLock { $0.take(at: now, limit) } }
    }

    /// Takes note of a new connection of `claimant`.
    func admitConnection(of claimant: Claimant) throws(Surplus) {
        let limit = configuration.access.addressNewConnectionLimit
        guard shared.connectionRates.admit(for: claimant, at: now, limit) != nil else { return }
        statistics.add(.hastyConnections)
        throw .haste(limit.rate)
    }

    // MARK: Requests

    /// Takes note of a request, whatever comes of it. Probes are always answered.
    func admitRequest(to resource: Resource?, _ connection: Connection) throws(Problem) {
        let limit = configuration.access.requestLimit
        guard limit.rate > 0, !(resource?.isOpen ?? false) else { return }
        let claimant = Claimant(address: connection.address)
        guard let wait = shared.requestRates.admit(for: claimant, at: now, limit) else { return }
        statistics.add(.hastyRequests)
        throw .tooMany("requests", limit.rate, of: "one address", "access.requestsPerAddress", wait: wait)
    }

    // MARK: Updates

    /// Takes note of updates that a connection publishes. Its own limits come first: who is beyond them takes nothing away
    /// from the others.
    func admit(_ updateCount: Int, from connection: Connection) throws(Problem) {
        let settings = configuration.publishers
        guard settings.areLimited else { return }
        if let wait = publishRates[connection.key]?.wait(at: now, settings.updateLimit) {
            statistics.add(.hastyConnectionUpdates)
            throw .tooMany(
                "updates", settings.updateRate, of: "one connection", "publishers.updateRate", wait: wait)
        }
        try admit(updateCount, of: connection, settings)
        try admitInAll(updateCount, settings)
        if settings.updateRate > 0 {
            publishRates[connection.key, default: Allowance()].take(
                updateCount, at: now, settings.updateLimit)
        }
    }

    /// Strangers, who have no name, count by their address.
    private func admit(
        _ updateCount: Int, of connection: Connection, _ settings: PublisherSettings
    ) throws(Problem) {
        let limit = settings.principalUpdateLimit
        guard limit.rate > 0 else { return }
        let principal = connection.principal
        let claimant =
            principal.isAnonymous
            ? Claimant(address: connection.address) : Claimant.principal(principal.name)
        guard let wait = shared.updateRates.admit(updateCount, for: claimant, at: now, limit) else { return }
        statistics.add(.hastyPrincipalUpdates)
        throw .tooMany(
            "updates", limit.rate, of: "one key, subject or stranger", "publishers.principalUpdateRate",
            wait: wait)
    }

    private func admitInAll(_ updateCount: Int, _ settings: PublisherSettings) throws(Problem) {
        let limit = settings.totalUpdateLimit
        guard limit.rate > 0,
            let wait = shared.allUpdates.withLock({ $0.admit(updateCount, at: now, limit) })
        else { return }
        statistics.add(.hastyUpdates)
        throw .tooMany("updates", limit.rate, of: "all", "publishers.totalUpdateRate", wait: wait)
    }
}
