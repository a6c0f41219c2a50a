/// Whom the gateway lets in: the hosts it answers to, and the origins whose pages may read and publish.
internal import HTTP
internal import Logging
internal import Primitives
internal import Transport

/// Immutable.
///
/// A browser lets any page send requests to any address, this machine's among them, and tells whose page it is. A program's
/// request tells nothing of the kind and is let in: it could tell anything.
struct AccessPolicy: Sendable {
    private let origins: [OriginPattern]
    /// Nil: all.
    private let hosts: [Authority]?

    /// Who makes a request, as far as browsers tell.
    enum Caller: Equatable {
        /// A program, a person who typed the address, or a page of the gateway's own.
        case own
        /// A page of that origin, which may read the answer.
        case allowed(origin: [UInt8])
        /// A page of any other origin; what is known of it.
        case foreign(String)
    }

    init(_ settings: AccessSettings, _ endpoints: [Endpoint], at addresses: [SocketAddress]) {
        origins = settings.origins
        let isLocal = addresses.allSatisfy(\.isLocal)
        // At a Unix socket a client has no host to name, and names this one. No page of another host can.
        var hosts = endpoints.contains { $0.path != nil } ? Self.authorities(["localhost"]) : []
        var answersToAll = settings.hosts.isEmpty
        for pattern in settings.hosts {
            switch pattern {
            case .named(let host): hosts.append(host)
            case .auto where isLocal: hosts += Self.localHosts(endpoints)
            case .auto: answersToAll = true
            }
        }
        self.hosts = answersToAll ? nil : hosts
    }

    private static func localHosts(_ endpoints: [Endpoint]) -> [Authority] {
        let configured = endpoints.map { $0.host.contains(":") ? "[\($0.host)]" : $0.host }
        return authorities(["localhost", "127.0.0.1", "[::1]"] + configured)
    }

    private static func authorities(_ names: [String]) -> [Authority] {
        names.compactMap { Authority(Array($0.utf8).span) }
    }

    /// Whether caches must keep answers to different origins apart.
    var variesByOrigin: Bool { !origins.isEmpty }

    /// Whether the gateway answers to the host that the request is for.
    ///
    /// A hostile page whose name was made to lead here (DNS rebinding) counts as the gateway's own page, but its requests name
    /// its own host. A request without a host is of HTTP/1.0, which no browser speaks and health checks do.
    func answers(to head: RequestHead) -> Bool {
        guard let hosts, let named = head.authority else { return true }
        guard let parts = Authority.Parts(named.span) else { return false }
        return hosts.contains {
            ($0.port == nil || $0.port == parts.port) && $0.isHost(of: named.span, parts)
        }
    }

    func caller(of head: RequestHead) -> Caller {
        // Sent by all browsers of today to https and loopback addresses, and out of reach of scripts (Fetch Metadata §2.3).
        let site = head.field("Sec-Fetch-Site")
        let isFromElsewhere = site.map { !$0.span.equals("same-origin") && !$0.span.equals("none") } ?? false
        guard let origin = head.field("Origin") else {
            return isFromElsewhere ? .foreign("another origin") : .own
        }
        if origins.contains(where: { $0.covers(origin.span) }) { return .allowed(origin: origin) }
        // A page of the other scheme is told from the gateway's own by the browser alone.
        if !isFromElsewhere, Self.isOwn(origin, head) { return .own }
        return .foreign(Self.told(origin))
    }

    /// Whether that origin is the gateway's own: its page came from the host that the request is for. That is safe for hosts
    /// that the gateway is known by, which `answers(to:)` has seen to; where it answers to all, a name server decides.
    ///
    /// The schemes may differ, because a proxy may have ended TLS. So a page of the gateway's name and the other scheme passes
    /// too. Only the name's owner can make one, or somebody on the way of one that nothing encrypts.
    private static func isOwn(_ origin: [UInt8], _ head: RequestHead) -> Bool {
        guard let origin = Origin(origin.span), let named = head.authority,
            let authority = Authority(named.span)
        else { return false }
        return origin.isServed(at: authority)
    }

    /// A foreign name as the answer and the log repeat it. The longest host has 253 bytes.
    private static func told(_ name: [UInt8]) -> String {
        String(decoding: name.prefix(300), as: UTF8.self)
    }
}

extension AccessPolicy {
    init(_ configuration: GatewayConfiguration, at addresses: [ListeningAddress]) {
        self.init(configuration.access, configuration.endpoints, at: addresses.map(\.address))
    }

    /// Turns away who asks for another host, and pages of foreign origins, unless what they ask for is open to all. No
    /// resource is a file, or nothing.
    func admit(
        _ head: RequestHead, to resource: Resource?, _ connection: Connection, _ work: Workspace
    ) throws(Problem) -> Caller {
        guard answers(to: head) else {
            let host = Self.told(head.authority ?? [])
            work.note(.foreignHost, ["peer": .text(connection.peer), "host": .text(host)])
            throw .misdirected(host)
        }
        let caller = caller(of: head)
        if case .foreign(let origin) = caller, let resource, !resource.isOpen {
            work.note(.foreignOrigin, ["peer": .text(connection.peer), "origin": .text(origin)])
            throw .foreign(origin)
        }
        return caller
    }
}
