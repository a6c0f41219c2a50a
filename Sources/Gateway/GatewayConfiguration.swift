/// Every setting of the gateway with its default. Plain values: where they come from is not known here.
package import Access
package import Broker
package import HTTP
package import Transport

package struct GatewayConfiguration: Sendable {
    /// The places to listen at. The gateway names the first one as its address.
    package var endpoints = [Endpoint()]
    /// Loops; each takes a core.
    package var threadCount = 1
    /// The folder of the page; nil serves none.
    package var publicFolder: String? = "public"

    package var access = AccessSettings()
    package var handshakes = HandshakeSettings()
    package var http = HTTPSettings()
    package var subscribers = SubscriberSettings()
    package var publishers = PublisherSettings()
    package var memory = MemorySettings()
    package var drain = DrainSettings()
    package var operations = OperationsSettings()
    package var retention = Sequencer.Retention()
    package var sockets = Listener.Options()
    package var webSockets = WebSocketApplication.subscribers

    package init() {}
}

extension GatewayConfiguration {
    /// These settings, but those of `other` that a running gateway takes: what is read at each use, and by loops alone.
    func taking(_ other: GatewayConfiguration) -> GatewayConfiguration {
        var settings = self
        settings.endpoints = other.endpoints
        settings.access = other.access
        settings.handshakes = other.handshakes
        settings.http = other.http
        // A loop has made room for the longest head.
        settings.http.request.requestLineByteCount = http.request.requestLineByteCount
        settings.http.request.headerByteCount = http.request.headerByteCount
        settings.subscribers = other.subscribers
        settings.subscribers.compression = subscribers.compression
        settings.publishers = other.publishers
        settings.memory = other.memory
        settings.drain = other.drain
        settings.operations = other.operations
        return settings
    }

    /// Whether a running gateway takes the setting of that path.
    package static func isTakenAtOnce(_ path: String) -> Bool {
        if ["http.requestLineBytes", "http.headerBytes", "publishers.keys", "publishers.keyLife"]
            .contains(path)
        {
            return false
        }
        if path.hasPrefix("subscribers.compression.") { return false }
        if ["host", "port", "endpoints"].contains(path) { return true }
        let sections = [
            "access", "tls", "http", "subscribers", "publishers", "memory", "drain", "operations",
        ]
        return sections.contains { path.hasPrefix($0 + ".") }
    }

    /// The options of sockets: for the kernel a peer is dead after the same time as for the gateway.
    var listenerOptions: Listener.Options {
        var options = sockets
        options.acknowledgementTimeout = subscribers.sendTimeout
        return options
    }
}

/// A place to listen at.
package struct Endpoint: Sendable, Equatable {
    /// The first protocol of a connection; each has a front end (`FrontEnd`).
    package enum Spoken: Sendable {
        case http
    }

    /// An address, or a name, which stands for all addresses that it has. Loopback by default: nobody else is let in unasked.
    package var host = "127.0.0.1"
    /// 0 takes a free port.
    package var port: UInt16 = 8080
    /// The name of the passed socket that is meant in place of an address.
    package var socket: String?
    /// Where it is a Unix socket in place of an address.
    package var path: String?
    /// What the file of that socket permits: whoever may write to it may connect.
    package var mode: UInt32 = 0o660
    package var spoken = Spoken.http
    package var doors = Doors.all
    /// Sends everybody to the same host by TLS, and serves nothing.
    package var redirects = false
    /// Proxies alone come here, and say before all else from where each connection comes.
    package var takesProxyHeader = false
    /// Nil: nothing is encrypted.
    package var tls: TLSSettings?
    /// For so long browsers are told to come by TLS alone (RFC 6797); nil: they are told nothing.
    package var strictTransport: Duration?

    package init() {}
}

/// The exchange before the first byte of a secure connection's protocol.
package struct HandshakeSettings: Sendable {
    /// From accepting the connection to the end of its handshake.
    package var timeout: Duration = .seconds(10)
    /// Handshakes that a loop has under way at once. Those beyond wait in the kernel.
    package var limit = 1024

    package init() {}
}

extension GatewayConfiguration {
    /// The first endpoint's, as most gateways have just one.
    package var host: String {
        get { endpoints[0].host }
        set { endpoints[0].host = newValue }
    }

    package var port: UInt16 {
        get { endpoints[0].port }
        set { endpoints[0].port = newValue }
    }
}

/// The purpose of a WebSocket at `/ws`.
package enum WebSocketApplication: Sendable {
    case subscribers
    /// Each message is sent back. This is how the conformance suite speaks to the connection alone, through all that a
    /// subscriber's message goes through.
    case echo
}

/// Whom the gateway lets in, and what they may do.
package struct AccessSettings: Sendable {
    /// Pages of these origins may read and publish, besides the gateway's own.
    package var origins: [OriginPattern] = []
    /// The names that the gateway answers to; empty: all.
    package var hosts = [HostPattern.auto]
    /// Connections of one address, or of one network of IPv6; 0: no limit.
    package var addressConnectionLimit = 0
    /// Connections that act for one principal at once; 0: no limit but its own.
    package var principalConnectionLimit = 0
    /// Those who are believed when they say for whom they speak.
    package var proxies = TrustedProxies()
    /// What strangers may do, and whose keys and tokens are believed.
    package var credentials = Credentials(anonymous: .all)
    /// From where keys of issuers are fetched.
    package var keySources: [KeySource] = []
    /// Who is asked about those whom nobody here knows.
    package var backend: BackendSettings?
    /// Whether somebody has decided what strangers may do. As long as nobody has, the gateway listens for this machine alone.
    package var saysWhatStrangersMay = false
    /// The cookie that may carry a key or token; empty: none does.
    package var cookie = ""
    /// How long a WebSocket that came without credentials may take to send some, where strangers may nothing.
    package var deadline: Duration = .seconds(5)
    /// So many may take that time at once, in all.
    package var waitingLimit = 1000
    /// Wrong credentials a minute from one address; 0: no limit.
    package var failureRate = 10.0
    /// New connections a second of one address, and in all; 0: no limit. And how many may come ahead of either.
    package var addressNewConnectionRate = 0.0
    package var newConnectionRate = 0.0
    package var newConnectionBurst = 100
    /// Requests a second of one address, and how many may come ahead of that; 0: no limit.
    package var addressRequestRate = 0.0
    package var requestBurst = 100

    package init() {}

    /// Whether somebody should know that strangers may publish: others than this machine's own are let in, or there are keys or
    /// tokens that nobody needs.
    package func letsStrangersPublish(at addresses: [SocketAddress]) -> Bool {
        !credentials.anonymous.rights.publish.isNothing
            && (looksAtCredentials || !addresses.allSatisfy(\.isLocal))
    }
}

package struct HTTPSettings: Sendable {
    package var request = RequestLimits()
    /// From a request's first byte to the end of its head.
    package var headTimeout: Duration = .seconds(10)
    /// Between two pieces of a request's body.
    package var bodyTimeout: Duration = .seconds(30)
    /// From a request's head to the end of its body, and from the first byte of a line of NDJSON to its last.
    package var requestTimeout: Duration = .seconds(300)
    /// Between two requests.
    package var idleTimeout: Duration = .seconds(75)
    /// All connections of one loop; more are answered 503 and closed.
    package var connectionLimit = 1_000_000

    package init() {}
}

package struct SubscriberSettings: Sendable {
    /// WebSocket: a ping after so much silence from the peer.
    package var pingInterval: Duration = .seconds(25)
    /// WebSocket: the connection is dead so long after an unanswered ping.
    package var pongTimeout: Duration = .seconds(10)
    /// Event stream: a sign of life after so much silence from us.
    package var eventStreamHeartbeat: Duration = .seconds(15)
    /// A reader that takes nothing for so long, though something waits for it, is dead.
    package var sendTimeout: Duration = .seconds(60)
    /// How long a connection lasts at most; a reader is then asked to come back. Zero: as long as it likes.
    package var life: Duration = .zero
    /// How long a peer may take to answer a close.
    package var closeTimeout: Duration = .seconds(5)
    /// One flush: the most bytes of updates that a reader is handed before the others have had their turn.
    package var flushByteCount = 64 * 1024
    /// The longest that updates wait to be sent together while flushes of many readers take much of the time.
    package var flushInterval: Duration = .milliseconds(13)
    /// The largest WebSocket message from a client.
    package var messageByteCount = 64 * 1024
    /// Frames of one WebSocket message from a client.
    package var fragmentLimit = 4096
    /// From the first byte of a WebSocket message or control frame to its last.
    package var messageTimeout: Duration = .seconds(60)
    /// WebSocket messages and control frames a second from one client; 0: no limit. Beyond it they are refused.
    package var messageRate = 1000.0
    /// How many may come at once; and, when they go on to come, how many are refused before the connection ends.
    package var messageBurst = 2000
    package var compression = CompressionSettings()
    /// Topics and patterns of one connection.
    package var subscriptionLimit = 10_000
    /// The most topics that one connection may cover, however few its patterns are.
    package var coveredTopicLimit = 1_000_000
    /// The highest `maxRate` that is granted, updates of a topic a second; 0: no cap.
    package var maximumRate = 0.0
    /// The most bytes of one poll answer or listing; beyond them it is cut and paged.
    package var answerByteCount = 256 * 1024

    package init() {}
}

package struct PublisherSettings: Sendable {
    /// One value, and so one line of NDJSON.
    package var valueByteCount = 64 * 1024
    /// A JSON body of many updates, taken whole.
    package var bodyByteCount = 1024 * 1024
    /// Updates a second that one connection may publish; 0: no limit, for then it is read as fast as it is served.
    package var updateRate = 0.0
    /// The same for one principal, whatever its connections, and for all together.
    package var principalUpdateRate = 0.0
    package var totalUpdateRate = 0.0
    /// How many of them may come ahead of each of these.
    package var updateBurst = 10_000
    /// How long a publisher waits for an outcome that comes later, before it is told that nobody knows it.
    package var outcomeTimeout: Duration = .seconds(10)

    package init() {}
}

package struct MemorySettings: Sendable {
    /// Bytes that all loops together may hold for clients; 0: a quarter of the machine's memory, or of its control group's.
    package var clientByteCount = 0

    package init() {}
}

/// The pages for operators.
package struct OperationsSettings: Sendable {
    package enum Listing: String, Sendable, CaseIterable {
        /// While operations are to be had on this machine alone. A proxy on this machine counts as this machine.
        case auto
        case on
        case off
    }

    /// Whether `/metrics`, `/stats` and `/connections` answer at all.
    package var metrics = true
    /// Whether `/connections` does: it tells the addresses of others.
    package var connections = Listing.auto

    package init() {}

    func listsConnections(at addresses: [ListeningAddress]) -> Bool {
        switch connections {
        case .auto: addresses.allSatisfy { $0.address.isLocal || !$0.endpoint.doors.contains(.operations) }
        case .on: true
        case .off: false
        }
    }
}
