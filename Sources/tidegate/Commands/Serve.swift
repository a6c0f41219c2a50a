/// `tidegate serve`: the gateway itself.
internal import Configuration
internal import Gateway
internal import Glibc
internal import Logging
internal import Primitives
internal import Service
internal import Settings
internal import Transport

enum Serve: Command {
    static let name = "serve"
    static let summary = "Start the gateway"
    static let help = """
        Usage: tidegate serve [--config FILE] [--host H] [--port N] [--threads N] [--no-feeds]
                              [--log-level L] [--log-format F] [--set PATH=VALUE]…

        Starts the gateway and the feeds that the configuration names, and serves until SIGTERM, SIGINT or `tidegate
        drain`; then it says goodbye to everybody, spread over the configured time, and ends. A second signal ends it
        at once.

          --config FILE      the settings (default: config.json, if there is one)
          --host H           the address to listen on (default 127.0.0.1: this machine only)
          --port N           the port; 0 takes a free one, which the first line of the log tells
          --threads N        loops, each on its own thread; 0 for one a core
          --no-feeds         start no feed
          --log-level L      debug, info, warning or error
          --log-format F     auto, text or json
          --set PATH=VALUE   any setting, for instance --set subscribers.pingInterval=10

        Every setting can also come from the environment: TIDEGATE_PORT=9000, TIDEGATE_SUBSCRIBERS_PING_INTERVAL=10.
        SIGHUP, like `tidegate reload`, has all of them read anew; docs/configuration.md says what changes at once.

        A flag wins over the environment, the environment over the file. See docs/configuration.md.

        Examples:
          tidegate serve
          tidegate serve --port 0 --no-feeds
          tidegate serve --host 0.0.0.0 --config /etc/tidegate/config.json
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let startsFeeds = try !arguments.flag("--no-feeds")
        let source = try ConfigurationSource(&arguments)
        var effective = EffectiveSettings()
        let configuration = try source.read(noting: &effective)
        _ = try arguments.positionals(0...0)
        // Blocked before any thread starts: all inherit that, and only the wait below sees them.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGHUP)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let log = try Log(
            level: configuration.log.level, format: configuration.log.format,
            queueByteCount: configuration.log.queueByteCount)
        // A start that fails says why behind the lines that it has logged.
        defer { log.flush() }
        if !source.passedOver.isEmpty {
            log.tell(.variablesPassedOver, ["names": .text(source.passedOver.joined(separator: " "))])
        }
        let passed = try PassedSockets.take(pid: getpid(), Console.environment)
        let server = try Server.start(
            configuration, passed: passed, startsFeeds: startsFeeds, log: log, effective,
            source: { [source] in try source.read(noting: &$0) })
        _ = try LoopThread(name: "drain") { drainWhenOrdered(server, log) }
        try sayWhereToLook(
            server.gateway.entrance, isServingPage: configuration.gateway.publicFolder != nil)
        wait(for: signals, server.gateway, log)
    }

    /// Lines to type as they stand. curl shows a WebSocket's frames, but answers no ping, so that its look ends
    /// after `pingInterval` and `pongTimeout`.
    private static func sayWhereToLook(
        _ entrance: ListeningAddress, isServingPage: Bool
    ) throws {
        let path = entrance.address.path
        let host = path == nil ? "\(entrance.address)" : "localhost"
        let url = "\(entrance.endpoint.tls == nil ? "http" : "https")://\(host)"
        let way = path.map { "--unix-socket \($0) " } ?? ""
        let page = path == nil && isServingPage
        let upgrade = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: VGlkZWdhdGUgc2F5cyBoaQ==",
        ].map { "-H '\($0)'" }.joined(separator: " ")
        try Console.show(
            """

              \(page ? "page       \(url)/" : "no page is served")
              SSE        curl \(way)-N '\(url)/sse?topics=host/**'
              long poll  curl \(way)'\(url)/poll?topics=host/**'
              WebSocket  curl \(way)-sNo- \(upgrade) '\(url)/ws?topics=host/**'
              terminal   \(CommandLine.arguments[0]) watch \(way)\(url)
              publish    curl \(way)-X PUT '\(url)/topics/stocks/ACME' -d '{"price":189.3}'

            """)
    }

    private static func drainWhenOrdered(_ server: Server, _ log: Log) -> Never {
        // Before the line: a log that shows no such lines does not look at what they say.
        let orderer = server.gateway.drainOrders.waitForOrder()
        log.tell(.draining, ["by": .text(orderer)])
        server.drain()
        log.tell(.ended)
        log.flush()
        exit(0)
    }

    /// SIGHUP has the settings read anew. Of the others the first drains, the second ends at once.
    private static func wait(
        for signals: sigset_t, _ gateway: RunningGateway, _ log: Log
    ) -> Never {
        var signals = signals
        var received: Int32 = 0
        repeat {
            sigwait(&signals, &received)
            if received == SIGHUP { gateway.reloads.ask() }
        } while received == SIGHUP
        gateway.drainOrders.order(by: received == SIGTERM ? "SIGTERM" : "SIGINT")
        sigdelset(&signals, SIGHUP)
        sigwait(&signals, &received)
        log.tell(.endedAtOnce)
        log.flush()
        _exit(128 + received)
    }
}
