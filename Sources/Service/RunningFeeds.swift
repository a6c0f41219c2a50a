/// The feeds that run at present. A reload starts, stops and changes them one by one, and a drain ends them all.
internal import Configuration
internal import Feeds
internal import Gateway
internal import Logging
internal import Primitives
internal import Synchronization

/// Any thread that may wait.
final class RunningFeeds: Sendable {
    /// A feed that has not ended by then hangs, and nobody waits longer for it.
    private static let patience = Duration.seconds(2)

    private struct State {
        var feeds: [String: Running] = [:]
        /// The gateway has drained.
        var isOver = false
    }

    private struct Running {
        let thread: FeedThread
        let settings: [String: String]
    }

    private let gateway: RunningGateway
    /// Says which feeds run here; nil: all.
    private let cluster: RunningCluster?
    private let log: Log
    private let state = Mutex(State())

    init(for gateway: RunningGateway, in cluster: RunningCluster?, _ log: Log) {
        self.gateway = gateway
        self.cluster = cluster
        self.log = log
    }

    /// Has these run and no others. One whose settings are the same goes on, or has ended by itself and stays so.
    func take(_ feeds: [NamedFeed]) {
        state.withLock { state in
            guard !state.isOver else { return }
            let wanted = Dictionary(uniqueKeysWithValues: feeds.map { ($0.name, $0.settings) })
            let leaving = state.feeds.filter { wanted[$0.key] != $0.value.settings }
            stop(leaving)
            for name in leaving.keys {
                state.feeds[name] = nil
                if wanted[name] == nil { gateway.sources.remove(name) }
            }
            cluster?.share(feeds.filter(\.runsOnce).map(\.name))
            for feed in feeds where state.feeds[feed.name] == nil {
                state.feeds[feed.name] = Running(thread: start(feed), settings: feed.settings)
            }
        }
    }

    /// Ends all of them, and lets no others start.
    func end() {
        state.withLock { state in
            state.isOver = true
            stop(state.feeds)
            cluster?.share([])
            state.feeds = [:]
        }
    }

    private func start(_ named: NamedFeed) -> FeedThread {
        log.tell(.feedStarted, ["feed": .text(named.name)])
        if let own = named.feed as? GatewayFeed {
            let gateway = gateway
            own.read = { GatewayReading(gateway.figures) }
        }
        let outlet = FeedOutlet(of: named.name, to: gateway, log)
        // The configuration made the feed for this thread alone, and nobody asks the configuration again.
        nonisolated(unsafe) let feed = sharing(named)
        return FeedThread(
            name: named.name, feed: feed, publish: { outlet.publish(&$0) }, report: { outlet.tell($0) })
    }

    private func sharing(_ named: NamedFeed) -> any Feed {
        guard named.runsOnce, let cluster else { return named.feed }
        let name = named.name
        return SharedFeed(named.feed) { cluster.runs(feed: name) }
    }

    /// All at once: one that hangs keeps no other waiting.
    private func stop(_ feeds: [String: Running]) {
        for feed in feeds.values { feed.thread.end() }
        let deadline = Instant.now() + Self.patience
        for (name, feed) in feeds.sorted(by: { $0.key < $1.key }) {
            if feed.thread.hasEnded(by: deadline) {
                log.tell(.feedStopped, ["feed": .text(name)])
            } else {
                log.tell(.feedHangs, ["feed": .text(name)])
            }
        }
    }
}
