/// What stands at a path, besides the files of the page.
internal import Primitives

enum Resource: CaseIterable {
    case webSocket
    case eventStream
    case poll
    case topics
    case topic
    case log
    case publish
    case tickets
    case disconnection
    case reload
    case drain
    case settings
    case connections
    case nodes
    case metrics
    case stats
    case health
    case readiness

    /// Of a topic, what its path begins with.
    private var path: StaticString {
        switch self {
        case .webSocket: "/ws"
        case .eventStream: "/sse"
        case .poll: "/poll"
        case .topics: "/topics"
        case .topic: "/topics/"
        case .log: "/log"
        case .publish: "/publish"
        case .tickets: "/tickets"
        case .disconnection: "/operations/disconnect"
        case .reload: "/operations/reload"
        case .drain: "/operations/drain"
        case .settings: "/operations/settings"
        case .connections: "/connections"
        case .nodes: "/nodes"
        case .metrics: "/metrics"
        case .stats: "/stats"
        case .health: "/healthz"
        case .readiness: "/readyz"
        }
    }

    init?(_ path: [UInt8]) {
        let text = path.span
        let prefix = Self.topic.path.utf8CodeUnitCount
        if text.count >= prefix, text.extracting(0..<prefix).equals(Self.topic.path) {
            self = .topic
        } else if let found = Self.allCases.first(where: { text.equals($0.path) }) {
            self = found
        } else {
            return nil
        }
    }

    /// Behind which doors it is; any of them leads to it. Behind none: every endpoint has it.
    func doors(isGet: Bool) -> Doors {
        switch self {
        // A ticket is for reading and publishing.
        case .webSocket, .tickets: [.subscribe, .publish]
        case .eventStream, .poll, .topics, .log: .subscribe
        case .topic: isGet ? .subscribe : .publish
        case .publish: .publish
        case .disconnection, .reload, .drain, .settings, .connections, .nodes, .metrics, .stats: .operations
        case .health, .readiness: []
        }
    }

    /// Whether it brings a reader, or an answer that may have to be held long. Small publishes and what operators look at go on
    /// where memory is short.
    func takesMemory(isGet: Bool) -> Bool {
        switch self {
        case .webSocket, .poll, .topics, .log: true
        // It says in its own way that there is none.
        case .eventStream: false
        case .topic: isGet
        case .publish, .tickets, .disconnection, .reload, .drain, .settings, .connections, .nodes, .metrics,
            .stats, .health, .readiness:
            false
        }
    }

    /// Whether a body may say what is asked for, because that does not fit into a URL.
    var takesSubscriptions: Bool { self == .eventStream || self == .poll }

    var takesPosts: Bool {
        takesSubscriptions || [.publish, .tickets, .disconnection, .reload, .drain].contains(self)
    }

    /// Whether a ticket opens it: what a browser opens without a way to set a field.
    var takesTickets: Bool { self == .webSocket || takesSubscriptions }

    /// Whether pages of all origins may ask for it, as they may for the files: it tells nothing of the topics.
    var isOpen: Bool {
        switch self {
        case .health, .readiness: true
        case .webSocket, .eventStream, .poll, .topics, .topic, .log, .publish, .tickets, .disconnection,
            .reload, .drain, .settings, .connections, .nodes, .metrics, .stats:
            false
        }
    }
}
