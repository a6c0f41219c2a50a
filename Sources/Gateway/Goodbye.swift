/// Why a peer is asked to go and come back, perhaps to another gateway.
enum Goodbye {
    case draining
    /// Its connection has lasted as long as one may (`subscribers.life`).
    case life

    /// As a client reads it.
    var reason: String {
        switch self {
        case .draining: "draining"
        case .life: "life"
        }
    }

    /// As a person reads it in a close frame.
    var detail: String {
        switch self {
        case .draining: "the gateway drains"
        case .life: "the connection has lasted long enough"
        }
    }

    var ending: EndReason {
        switch self {
        case .draining: .drained
        case .life: .life
        }
    }
}
