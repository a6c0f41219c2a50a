/// A gateway with the feeds that its configuration names: what `tidegate serve` runs.
package import Configuration
package import Gateway
package import Logging
internal import Primitives
package import Settings
internal import Storage
package import Transport

/// Here the gateway and the feeds, which do not know each other, are joined. Any thread.
package final class Server: Sendable {
    package let gateway: RunningGateway
    /// Nil: none are to be started.
    private let feeds: RunningFeeds?
    /// Nil: nothing is kept.
    private let journal: RunningJournal?
    /// Nil: this gateway is alone.
    private let cluster: RunningCluster?

    /// Listens, starts the loops, restores what was kept, then starts the feeds; ready when it returns, except in a cluster, whose log
    /// may be away. `effective` is what the settings stand at, and `source`
    /// reads them anew.
    package static func start(
        _ configuration: TidegateConfiguration, passed: [SharedSocket], startsFeeds: Bool, log: Log,
        _ effective: EffectiveSettings, source: @escaping SettingsReload.Source
    ) throws -> Server {
        let held = try RunningJournal.Held(configuration.storage)
        let isShared = configuration.cluster != nil
        let kept = held != nil || isShared ? AwaitedLog(isShared: isShared) : nil
        let gateway = try RunningGateway.start(
            configuration.gateway, passed: passed, log: log, restoring: kept)
        var journal: RunningJournal?
        if let held, let kept {
            let restored = try RunningJournal(
                held, configuration.storage.journal, into: gateway.sequencer,
                rules: configuration.gateway.retention, kept.progress, log)
            kept.become(restored.log)
            gateway.finishRestoring()
            journal = restored
        }
        var cluster: RunningCluster?
        if let kept, let shared = configuration.cluster {
            cluster = try RunningCluster(
                shared, for: gateway, rules: configuration.gateway.retention, kept, log)
        }
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
        let feeds = startsFeeds ? RunningFeeds(for: gateway, in: cluster, log) : nil
        feeds?.take(configuration.feeds)
        SettingsReload.show(effective, at: gateway)
        let watchedFile = configuration.isWatched ? configuration.file : nil
        let errands = Errands(for: gateway)
        try errands.begin(by: configuration.gateway.access)
        // Nobody waits for its end: it may be asking a name server when the gateway's comes.
        _ = try LoopThread(name: "reload") {
            var reload = SettingsReload(
                source, of: gateway, feeds, errands, effective, isOpenToAll: isOpenToAll, log)
            var watch = watchedFile.map { SettingsWatch($0) }
            gateway.reloads.serve(
                looking: SettingsWatch.interval, hasChanged: { watch?.hasChanged() ?? false }
            ) {
                reload.carryOut()
            }
        }
        return Server(gateway, feeds, journal, cluster)
    }

    private init(
        _ gateway: RunningGateway, _ feeds: RunningFeeds?, _ journal: RunningJournal?,
        _ cluster: RunningCluster?
    ) {
        self.cluster = cluster
        self.gateway = gateway
        self.feeds = feeds
        self.journal = journal
    }

    /// Says goodbye to everybody, spread over the configured time, and returns when all are gone or cut, and the feeds have
    /// ended.
    package func drain() {
        gateway.drain()
        feeds?.end()
        journal?.close()
        cluster?.close()
    }
}
