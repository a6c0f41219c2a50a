/// What is spoken at an endpoint, and what a connection there is told that can't be had.
internal import Primitives

extension Endpoint.Spoken {
    /// What a new connection speaks first.
    var frontEnd: any FrontEnd {
        switch self {
        case .http: HTTP1FrontEnd()
        }
    }

    /// The whole answer to a connection for which there is no room.
    func farewell(at time: UnixTime) -> [UInt8] {
        switch self {
        case .http: HTTP1Responder.overloadedAnswer(time)
        }
    }
}
