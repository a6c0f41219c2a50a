/// A gateway with the feeds that its configuration names: what `tidegate serve` runs.
internal import Broker
package import Configuration
internal import Feeds
package import Gateway
package import Logging
internal import Primitives
package import Settings
package import Transport

/// Here the gateway and the feeds, which do not know each other, are joined. Any thread.
package final class Server: Sendable {
    package let gateway: RunningGateway
    private let log: Log
    private let feeds: [FeedThread]

    /// Listens, starts the loops, then the feeds; ready when it returns. `effective` is what the settings stand at, and `source`
    /// reads them anew.
    package static func start(
        _ configuration: TidegateConfiguration, passed: [SharedSocket], startsFeeds: Bool, log: Log,
        _ effective: EffectiveSettings, source: @escaping SettingsReload.Source
    ) throws(RunningGateway.Failure) -> Server {
        let gateway = try RunningGateway.start(configuration.gateway, passed: passed, log: log)
        log.tell(
            .listening,
            [
                "address": .text(gateway.addresses.map(\.description).joined(separator: " ")),
                "threads": .integer(configuration.gateway.threadCount),
                "openFileLimit": .integer(gateway.descriptorLimit), "version": .text(ProductVersion.text),
                "config": .text(configuration.file),
            ])
        for skipped in gateway.skipped {
            log.tell(
                .addressSkipped,
                ["address": .text("\(skipped.address)"), "reason": .text("\(skipped.failure)")])
        }
        let isOpenToAll = configuration.gateway.access.letsStrangersPublish(at: gateway.addresses)
        if isOpenToAll { log.tell(.openToAll) }
        let feeds = startsFeeds ? configuration.feeds : []
        let threads = feeds.map { start($0.feed, called: $0.name, gateway, log) }
        SettingsReload.show(effective, at: gateway)
        let watchedFile = configuration.isWatched ? configuration.file : nil
        let errands = Errands(for: gateway)
        do {
            try errands.begin(by: configuration.gateway.access)
            // Nobody waits for its end: it may be asking a name server when the gateway's comes.
            _ = try LoopThread(name: "reload") {
                var reload = SettingsReload(
                    source, of: gateway, errands, effective, isOpenToAll: isOpenToAll, log)
                var watch = watchedFile.map { SettingsWatch($0) }
                gateway.reloads.serve(
                    looking: SettingsWatch.interval, hasChanged: { watch?.hasChanged() ?? false }
                ) {
                    reload.carryOut()
                }
            }
        } catch {
            throw .system(error)
        }
        return Server(gateway, threads, log)
    }

    private init(_ gateway: RunningGateway, _ feeds: [FeedThread], _ log: Log) {
        self.gateway = gateway
        self.feeds = feeds
        self.log = log
    }

    /// Says goodbye to everybody, spread over the configured time, and returns when all are gone or cut, and the feeds have
    /// ended.
    package func drain() {
        gateway.drain()
        for feed in feeds { feed.stop() }
    }

    // MARK: Feeds

    private static func start(
        _ feed: any Feed, called name: String, _ gateway: RunningGateway, _ log: Log
    ) -> FeedThread {
        log.tell(.feedStarted, ["feed": .text(name)])
        if let own = feed as? GatewayFeed { own.read = { GatewayReading(gateway.figures) } }
        let outlet = FeedOutlet(of: name, to: gateway, log)
        // The configuration made the feed for this thread alone, and nobody asks the configuration again.
        nonisolated(unsafe) let feed = feed
        return FeedThread(
            name: name, feed: feed, publish: { outlet.publish(&$0) }, report: { outlet.tell($0) })
    }
}
