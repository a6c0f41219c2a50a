/// `tidegate serve`: the gateway itself.
internal import Broker
internal import Configuration
internal import Feeds
internal import Gateway
internal import Glibc
internal import Logging
internal import Primitives
internal import Settings
internal import Transport

enum Serve: Command {
    static let name = "serve"
    static let summary = "Start the gateway"
    static let help = """
        Usage: tidegate serve [--config FILE] [--host H] [--port N] [--threads N] [--no-feeds]
                              [--log-level L] [--log-format F] [--set PATH=VALUE]…

        Starts the gateway and the feeds that the configuration names, and serves until SIGTERM or SIGINT; then it
        says goodbye to everybody, spread over the configured time, and ends. A second signal ends it at once.

          --config FILE      the settings (default: config.json, if there is one)
          --host H           the address to listen on (default 127.0.0.1: this machine only)
          --port N           the port; 0 takes a free one, which the first line of the log tells
          --threads N        loops, each on its own thread; 0 for one a core
          --no-feeds         start no feed
          --log-level L      debug, info, warning or error
          --log-format F     auto, text or json
          --set PATH=VALUE   any setting, for instance --set subscribers.pingInterval=10

        Every setting can also come from the environment: TIDEGATE_PORT=9000, TIDEGATE_SUBSCRIBERS_PING_INTERVAL=10.
        A flag wins over the environment, the environment over the file. See docs/configuration.md.

        Examples:
          tidegate serve
          tidegate serve --port 0 --no-feeds
          tidegate serve --host 0.0.0.0 --config /etc/tidegate/config.json
        """

    static func run(_ arguments: inout Arguments) throws -> Int32 {
        let startsFeeds = try !arguments.flag("--no-feeds")
        let configuration = try ConfigurationSource(&arguments).read()
        _ = try arguments.positionals(0...0)
        let log = Log(level: configuration.logLevel, format: configuration.logFormat)
        // Blocked before any thread starts, because threads inherit the mask: only the wait below gets the signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let gateway = try RunningGateway.start(configuration.gateway, log: log)
        log.info(
            "listening",
            [
                "address": .text(gateway.address.description),
                "threads": .integer(configuration.gateway.threadCount),
                "openFileLimit": .integer(gateway.descriptorLimit), "version": .text(ProductVersion.text),
                "config": .text(configuration.file),
            ])
        if !gateway.address.isLoopback {
            log.warning(
                "everybody who reaches this address can read and publish: there is no authentication yet")
        }
        let feeds =
            startsFeeds ? configuration.feeds.map { start($0.name, $0.feed, gateway, log) } : []
        try sayWhereToLook(gateway.address, isServingPage: configuration.gateway.publicFolder != nil)
        wait(for: signals, gateway, feeds, log)
    }

    private static func start(
        _ name: String, _ feed: any Feed, _ gateway: RunningGateway, _ log: Log
    ) -> FeedThread {
        log.info("feed started", ["feed": .text(name)])
        let source = gateway.addSource(name)
        if let own = feed as? GatewayFeed { own.read = { GatewayReading(gateway.figures) } }
        // The configuration made the feed for this thread alone, and nobody uses that configuration again.
        nonisolated(unsafe) let feed = feed
        return FeedThread(
            name: name, feed: feed,
            publish: { batch in
                do {
                    let outcome = try gateway.sequencer.publish(batch, time: .now(), at: .now())
                    source.count(published: outcome.accepted)
                } catch {
                    log.error(
                        "a feed's updates were refused", ["feed": .text(name), "reason": .text("\(error)")])
                }
                batch.removeAll()
            },
            report: { report in
                switch report {
                case .failed(let failure, let delay):
                    log.warning(
                        "a feed failed and will be tried again",
                        [
                            "feed": .text(name), "reason": .text("\(failure)"),
                            "afterSeconds": .number(delay.inSeconds),
                        ])
                case .ended(let failure):
                    log.info(
                        "feed ended",
                        ["feed": .text(name), "reason": .text(failure.map { "\($0)" } ?? "it is over")])
                }
            })
    }

    /// Commands to copy and run. curl shows a WebSocket's frames but answers no ping, so its connection ends after
    /// `pingInterval` and `pongTimeout`.
    private static func sayWhereToLook(_ address: SocketAddress, isServingPage: Bool) throws {
        let url = "http://\(address)"
        let upgrade = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: VGlkZWdhdGUgc2F5cyBoaQ==",
        ].map { "-H '\($0)'" }.joined(separator: " ")
        try Console.show(
            """

              \(isServingPage ? "page       \(url)/" : "no page is served")
              SSE        curl -N '\(url)/sse?topics=host/**'
              long poll  curl '\(url)/poll?topics=host/**'
              WebSocket  curl -sNo- \(upgrade) '\(url)/ws?topics=host/**'
              terminal   \(CommandLine.arguments[0]) watch \(url)
              publish    curl -X PUT '\(url)/topics/stocks/ACME' -d '{"price":189.3}'

            """)
    }

    /// The first signal drains the gateway, the second ends it at once.
    private static func wait(
        for signals: sigset_t, _ gateway: RunningGateway, _ feeds: [FeedThread], _ log: Log
    ) -> Never {
        var signals = signals
        var received: Int32 = 0
        sigwait(&signals, &received)
        log.info("draining", ["signal": .text(received == SIGTERM ? "SIGTERM" : "SIGINT")])
        do {
            _ = try LoopThread(name: "drain") {
                gateway.drain()
                for feed in feeds { feed.stop() }
                log.info("ended")
                exit(0)
            }
        } catch {
            log.error("cannot drain", ["reason": .text("\(error)")])
            _exit(1)
        }
        sigwait(&signals, &received)
        log.warning("ended at once by a second signal")
        _exit(128 + received)
    }
}
