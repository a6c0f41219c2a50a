/// Why a peer is asked to go and come back, perhaps to another gateway.
internal import Primitives

enum Goodbye {
    case draining
    /// Its connection has lasted as long as one may (`subscribers.life`).
    case life
    /// A reload has closed the endpoint by which it came, or has changed how that begins.
    case endpoint
    /// The state that it reads is no more: another one has taken its place.
    case replaced
    /// It has come with a cursor of a node that is further, and this one does not get there in time.
    case behind

    /// As a client reads it.
    var reason: String {
        switch self {
        case .draining: "draining"
        case .life: "life"
        case .endpoint: "endpoint"
        case .replaced: "replaced"
        case .behind: "behind"
        }
    }

    /// As a person reads it in a close frame.
    var detail: String {
        switch self {
        case .draining: "the gateway drains"
        case .life: "the connection has lasted long enough"
        case .endpoint: "this endpoint is no more, or has changed"
        case .replaced: "the gateway begins anew with what the log holds"
        case .behind: "the gateway is behind the others"
        }
    }

    var ending: EndReason {
        switch self {
        case .draining: .drained
        case .life: .life
        case .endpoint: .endpoint
        case .replaced: .replaced
        case .behind: .refused
        }
    }
}

/// When a connection is told so.
struct Farewell {
    let reason: Goodbye
    let moment: Instant

    init(_ reason: Goodbye, at moment: Instant) {
        self.reason = reason
        self.moment = moment
    }
}

extension ByteBuffer {
    /// The node that the peer is not to come back to, as a member of a goodbye.
    mutating func append(avoiding node: String?) {
        guard let node else { return }
        append(",\"avoid\":")
        append(jsonString: node)
    }
}
