/// The first front end of an endpoint's connections, and its words to one for which there is no room.
internal import Primitives

extension Endpoint.Spoken {
    /// The first front end of a new connection.
    var frontEnd: any FrontEnd {
        switch self {
        case .http: HTTP1FrontEnd()
        }
    }

    /// The whole answer to a peer that speaks in the clear where TLS is spoken.
    func plainRefusal(from work: Workspace) -> [UInt8] {
        switch self {
        case .http: HTTP1Responder.wholeAnswer(.needsTLS, work.time)
        }
    }

    /// The whole answer to a connection for which there is no room.
    func farewell(from work: Workspace) -> [UInt8] {
        switch self {
        case .http: HTTP1Responder.wholeAnswer(.full(wait: work.reconnectDelay()), work.time)
        }
    }
}

extension Endpoint {
    /// What to send, without a handshake, to a connection for which there is no room: nothing where only TLS is understood.
    func farewell(from work: Workspace) -> [UInt8] {
        tls == nil ? spoken.farewell(from: work) : []
    }
}
