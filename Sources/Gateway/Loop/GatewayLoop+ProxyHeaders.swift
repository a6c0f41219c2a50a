/// The header with which a proxy begins a connection, where an endpoint is for proxies alone.
internal import Access
internal import Primitives
internal import Transport

extension GatewayLoop {
    func isProxy(_ peer: String) -> Bool {
        configuration.access.proxies.contains(AddressRange.bytes(ofPeer: peer))
    }

    /// Goes on with the header; returns whether it is whole, and what comes behind it next.
    func readProxyHeader(_ connection: Connection) -> Bool {
        var begun = connection.proxyHeader ?? []
        switch connection.stream.readProxyHeader(&begun) {
        case .header(let header):
            connection.proxyHeader = nil
            return take(header, of: connection)
        case .incomplete:
            connection.proxyHeader = begun
            connection.lastReceived = now
            updateInterest(connection)
            if connection.isOpen { schedule(connection) }
        case .malformed:
            noteTurnedAway(connection.peer, "it does not begin with a header of the PROXY protocol")
            end(connection, .malformed)
        case .failed(let failure): endBroken(connection, by: failure)
        }
        return false
    }

    /// From here on the connection comes from where the header says. Returns whether it may stay, if only to be told that it may
    /// not.
    private func take(_ header: ProxyHeader, of connection: Connection) -> Bool {
        switch header.source {
        case .proxy: return true
        case .unknown: connection.origin = .unknown
        case .address(let address, let port): connection.origin = ForwardedNode(address: address, port: port)
        }
        guard connection.surplus == nil else { return true }
        do throws(Surplus) {
            if let place = try work.takeOwnPlace(for: connection.ownAddress) { connection.places.own = place }
        } catch {
            noteTurnedAway(connection.peer, error.reason)
            guard surplusCount < shared.surplusLimit else {
                end(connection, .refused)
                return false
            }
            connection.surplus = error
            surplusCount += 1
        }
        return true
    }
}
