/// Where a gateway that runs is to listen: bound and ready before a loop is told, so that what can't be had changes nothing.
internal import Glibc
internal import Primitives
internal import Transport

struct ListeningPlan {
    let addresses: [ListeningAddress]
    let skipped: [SkippedAddress]
    let certificates: EndpointCertificates
    /// Sessions from before are not gone on with.
    let keys = TicketKeys()
    /// By loop.
    let changes: [ListeningChange]

    /// What of `held` an endpoint is for stays as it is.
    init(
        of configuration: GatewayConfiguration, passed: [SharedSocket], holding held: [ListeningAddress],
        loopCount: Int
    ) throws(RunningGateway.Failure) {
        let places = try ListeningPlaces(of: configuration, passed: passed, holding: held)
        addresses = places.addresses
        skipped = places.skipped
        do throws(CertificateFailure) {
            certificates = try EndpointCertificates(reading: configuration.endpoints, at: .now())
        } catch {
            throw .certificate(error)
        }
        let heldIDs = Set(held.map(\.id))
        var changes: [ListeningChange] = []
        for _ in 0..<loopCount {
            let contexts: [Int: TLSContext]
            do throws(CertificateFailure) {
                contexts = try certificates.contexts(at: addresses, keys)
            } catch {
                throw .certificate(error)
            }
            var places: [ListeningChange.Place] = []
            for address in addresses {
                let socket =
                    heldIDs.contains(address.id)
                    ? nil : try Self.listener(at: address, configuration.listenerOptions)
                places.append(.init(address: address, context: contexts[address.id], socket: socket))
            }
            changes.append(ListeningChange(places: places))
        }
        self.changes = changes
        try Self.permit(addresses, differentlyThan: held)
    }

    private static func listener(
        at address: ListeningAddress, _ options: Listener.Options
    ) throws(RunningGateway.Failure) -> HandedListener {
        do throws(SystemFailure) {
            if let socket = address.shared { return HandedListener(try Listener(sharing: socket, options)) }
            return HandedListener(try Listener(address.address, options))
        } catch {
            throw .listen(address.address.description, error)
        }
    }

    /// The files of sockets that stay may be there for others from now on.
    private static func permit(
        _ addresses: [ListeningAddress], differentlyThan held: [ListeningAddress]
    ) throws(RunningGateway.Failure) {
        for address in addresses {
            guard let socket = address.shared, let former = held.first(where: { $0.id == address.id }),
                former.endpoint.mode != address.endpoint.mode
            else { continue }
            do throws(SocketFileFailure) {
                try socket.permit(address.endpoint.mode)
            } catch {
                throw .socket(error)
            }
        }
    }
}
