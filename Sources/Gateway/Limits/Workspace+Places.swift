/// Places for connections: so many for each address and for each principal.
internal import Access
internal import Logging

extension Workspace {
    // MARK: Addresses

    /// Counts a new connection for the address from which it comes; nil where none is counted: no limit is set, or a proxy is
    /// there, whose clients count.
    func takeOwnPlace(
        for address: @autoclosure () -> [UInt8]?
    ) throws(Surplus) -> ConnectionPlaces.Place? {
        let access = configuration.access
        guard access.limitsConnectionsOfAddresses else { return nil }
        let address = address()
        if access.proxies.contains(address) { return nil }
        let claimant = Claimant(address: address)
        try admitConnection(of: claimant)
        let limit = access.addressConnectionLimit
        guard limit > 0 else { return nil }
        guard let place = shared.places.take(for: claimant, limit: limit) else {
            statistics.add(.addressLimits)
            throw .crowd(limit)
        }
        return place
    }

    // MARK: Requests

    /// Counts the connection for the client behind a proxy and for the principal, as long as it does something for them.
    func takePlaces(for resource: Resource?, _ connection: Connection) throws(Problem) {
        guard let resource, !resource.isOpen else { return }
        try takeClientPlace(connection)
        try takePlace(for: connection.principal, connection)
    }

    private func takeClientPlace(_ connection: Connection) throws(Problem) {
        let limit = configuration.access.addressConnectionLimit
        guard limit > 0, let client = connection.client else { return }
        guard let place = shared.places.take(for: Claimant(address: client.address), limit: limit) else {
            statistics.add(.addressLimits)
            throw tell(.crowdedAddress(limit, wait: reconnectDelay()), connection)
        }
        connection.places.client = place
    }

    // MARK: Principals

    /// Counts the connection for the principal for whom it is to act. Strangers have no common limit.
    func takePlace(for principal: Principal, _ connection: Connection) throws(Problem) {
        guard let limit = connectionLimit(of: principal) else {
            if connection.places.principal != nil { connection.places.principal = nil }
            return
        }
        let claimant = Claimant.principal(principal.name)
        if let place = connection.places.principal, place.claimant == claimant { return }
        guard let place = shared.places.take(for: claimant, limit: limit) else {
            statistics.add(.principalLimits)
            throw tell(.crowdedPrincipal(limit, wait: reconnectDelay()), connection)
        }
        connection.places.principal = place
    }

    private func connectionLimit(of principal: Principal) -> Int? {
        guard !principal.isAnonymous else { return nil }
        let limit = configuration.access.principalConnectionLimit
        guard let own = principal.rights.connectionLimit else { return limit > 0 ? limit : nil }
        return limit > 0 ? min(own, limit) : own
    }

    private func tell(_ problem: Problem, _ connection: Connection) -> Problem {
        note(
            .limit,
            [
                "peer": .text(connection.peer), "code": .text(problem.code), "detail": .text(problem.detail),
            ])
        return problem
    }
}

extension Connection {
    /// What it did for a client or a principal is done.
    func givePlacesBack() {
        guard !places.isEmpty else { return }
        places.client = nil
        places.principal = nil
    }
}

extension Problem {
    /// `wait` is in milliseconds.
    static func crowdedAddress(_ limit: Int, wait: Int) -> Problem {
        Problem(
            503, "overloaded",
            "Your address has \(limit) connections already, as many as it may (\"access.connectionsPerAddress\").",
            retryAfter: seconds(wait))
    }

    fileprivate static func crowdedPrincipal(_ limit: Int, wait: Int) -> Problem {
        Problem(
            503, "overloaded", "You have \(limit) connections already, as many as you may; close one.",
            retryAfter: seconds(wait))
    }
}
