/// The first front end of an endpoint's connections, and its words to one for which there is no room.
internal import Primitives

extension Endpoint.Spoken {
    /// The first front end of a new connection.
    var frontEnd: any FrontEnd {
        switch self {
        case .http: HTTP1FrontEnd()
        }
    }

    /// The whole answer to a connection for which there is no room.
    func farewell(from work: Workspace) -> [UInt8] {
        switch self {
        case .http: HTTP1Responder.overloadedAnswer(work.time, wait: work.reconnectDelay())
        }
    }
}
