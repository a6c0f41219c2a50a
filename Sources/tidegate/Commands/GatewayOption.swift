/// The options that all client commands share: which gateway, and how it is known to be the one.
internal import Client
internal import Transport

extension Arguments {
    static let gatewayHelp = """
          --url URL           the gateway (default: $TIDEGATE_URL, else \(GatewayURL.standard))
          --unix-socket PATH  the Unix socket at which it is
          --token-file FILE   a file whose first line is the key or token to show, read anew for each connection
                              and before a token ends (default: the key or token in $\(ClientCredential.variable))
          --ca FILE           trust the authorities in FILE (PEM) in place of this machine's, for https://
          --cert FILE         the certificate to show, in PEM with its chain, and
          --key FILE          its key, for https://
          --insecure          trust anybody: who is on the way may read and change all of it
        """

    /// The gateway that `--url`, else the environment, else the default names.
    mutating func gateway() throws(UsageFailure) -> GatewayURL {
        try gateway(value("--url"))
    }

    /// The gateway that the first word names where that is a URL, else as `gateway()` says; and the other words. All options are
    /// known by then.
    mutating func gatewayAndWords() throws(UsageFailure) -> (GatewayURL, [String]) {
        let socket = try value("--unix-socket")
        let trust = try trust()
        let named = try value("--url")
        let credential = try credential()
        let identity = try identity()
        var words = try positionals(0...Int.max)
        var stated = named
        if let first = words.first, first.contains("://") {
            if named != nil { throw UsageFailure("the gateway is given twice: \(first) and --url") }
            stated = first
            words.removeFirst()
        }
        var url = try GatewayURL(stated: stated, socket: socket, trust)
        url.credential = credential
        try url.show(identity)
        return (url, words)
    }

    private mutating func gateway(_ stated: String?) throws(UsageFailure) -> GatewayURL {
        let socket = try value("--unix-socket")
        let trust = try trust()
        let credential = try credential()
        let identity = try identity()
        var url = try GatewayURL(stated: stated, socket: socket, trust)
        url.credential = credential
        try url.show(identity)
        return url
    }

    /// The gateway that the option `name` names; nil where it is not given.
    mutating func optionalGateway(named name: String) throws(UsageFailure) -> GatewayURL? {
        guard let stated = try value(name) else { return nil }
        return try gateway(stated)
    }

    /// How many of the updates that a log keeps are wanted; nil: all.
    mutating func lastUpdates() throws(UsageFailure) -> Int? { try integer("--last", in: 0...1_000_000) }

    /// What is shown to the gateway.
    mutating func credential() throws(UsageFailure) -> ClientCredential? {
        let file = try value("--token-file")
        do throws(CredentialFailure) {
            return try ClientCredential(
                file: file, environment: Console.environment(ClientCredential.variable))
        } catch {
            throw UsageFailure(error.description)
        }
    }

    /// What `--cert` and `--key` name.
    mutating func identity() throws(UsageFailure) -> ClientIdentity? {
        let certificate = try value("--cert")
        let key = try value("--key")
        guard let certificate, let key else {
            if certificate != nil || key != nil { throw UsageFailure("--cert and --key go together") }
            return nil
        }
        return ClientIdentity(certificate: certificate, key: key)
    }

    /// What `--ca` and `--insecure` say.
    mutating func trust() throws(UsageFailure) -> ServerTrust {
        let file = try value("--ca")
        let isInsecure = try flag("--insecure")
        if file != nil, isInsecure { throw UsageFailure("--ca and --insecure exclude each other") }
        return isInsecure ? .anyone : ServerTrust(authorities: file)
    }
}

extension GatewayURL {
    mutating func show(_ identity: ClientIdentity?) throws(UsageFailure) {
        if identity != nil, !isSecure {
            throw UsageFailure("--cert and --key are for https://, and the gateway is \(self)")
        }
        self.identity = identity
    }

    /// The gateway at `stated`, else that of the environment, else the default, reached by a Unix socket where one is named. Warns
    /// where anybody could take its place.
    init(stated: String?, socket: String?, _ trust: ServerTrust) throws(UsageFailure) {
        let environment = Console.environment(GatewayURL.variable)
        do throws(URLFailure) {
            try self.init(
                argument: stated, environment: environment ?? socket.map { _ in "http://localhost" })
        } catch {
            throw UsageFailure(error.description)
        }
        if trust != .system, !isSecure {
            throw UsageFailure("--ca and --insecure are for https://, and the gateway is \(self)")
        }
        self.trust = trust
        socketPath = socket
        if trust == .anyone {
            Console.warn(
                "warning: --insecure: nobody checks that this is \(host); who is on the way reads and changes all of it"
            )
        }
    }
}
