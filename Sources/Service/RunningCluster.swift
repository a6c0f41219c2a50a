/// This node's part in its cluster, with its threads: one that applies, and one for each lane to the shared log.
internal import Broker
internal import Cluster
internal import Configuration
internal import Gateway
internal import Glibc
internal import Logging
internal import Primitives
internal import Synchronization
internal import Transport

/// Any thread.
final class RunningCluster: Sendable {
    private let log: ClusterLog
    private let thread: LoopThread

    /// Starts to join. When all is loaded `awaited` becomes the cluster's log, and the gateway serves.
    init(
        _ configuration: ClusterConfiguration, for gateway: RunningGateway, rules: Sequencer.Retention,
        _ awaited: AwaitedLog, _ log: Log
    ) throws {
        let updates = ClusterLog(gateway.sequencer, by: LogClock(ofWall: .now(), at: .now()), rules: rules)
        self.log = updates
        var chores: [Monitor<Queue<ClusterChore>>] = []
        for lane in ClusterLane.allCases {
            let connection = try RedisLog(
                configuration.url, prefix: configuration.prefix, trusting: configuration.trust)
            let waiting = Monitor(Queue<ClusterChore>())
            chores.append(waiting)
            // What it is in the middle of when the process ends is done, or not, as after any other end.
            nonisolated(unsafe) let own = connection
            _ = try LoopThread(name: "cluster \(lane)") {
                while true { updates.report(waiting.takeFirst().run(at: own), of: lane) }
            }
        }
        var settings = ClusterSettings(node: Self.name(configuration, gateway), rules: rules)
        settings.address = configuration.address ?? Self.address(of: gateway)
        settings.connectionCount = { gateway.connectionCount }
        settings.isDraining = { gateway.drainOrders.isOrdered }
        settings.carryOut = { order in
            gateway.carryOut(order.content) { updates.report(order, count: $0) }
        }
        settings.checkpointByteCount = configuration.checkpointByteCount
        let begins = {
            awaited.become(updates)
            gateway.finishRestoring()
        }
        nonisolated(unsafe) let work = ClusterWork(
            updates, settings, awaited.progress,
            tell: Self.teller(of: settings.node, log, begins),
            handOut: { [chores] in chores[$1.rawValue].append($0) })
        thread = try LoopThread(name: "cluster") {
            while !work.isOver {
                updates.waitForWork(until: work.nextDeadline)
                work.step(time: .now(), at: .now())
            }
        }
    }

    /// These feeds are to run on one node at a time, and no others.
    func share(_ feeds: [String]) { log.sharedFeeds = Set(feeds) }

    func runs(feed name: String) -> Bool { log.holds(feed: name, at: .now()) }

    /// Brings what was published to its end, where the log takes it soon. Nothing is published any more.
    func close() {
        log.close()
        thread.join()
    }

    private static func name(_ configuration: ClusterConfiguration, _ gateway: RunningGateway) -> String {
        if let node = configuration.node { return node }
        return "\(host):\(gateway.addresses.first?.port ?? 0)"
    }

    /// Where people read: by the machine's name, where it listens on all of its addresses.
    private static func address(of gateway: RunningGateway) -> String {
        let entrance = gateway.entrance
        if let path = entrance.address.path { return "unix:\(path)" }
        let scheme = entrance.endpoint.tls == nil ? "http" : "https"
        let text = "\(entrance.address)"
        let isAny = text.hasPrefix("0.0.0.0:") || text.hasPrefix("[::]:")
        return "\(scheme)://\(isAny ? "\(host):\(entrance.address.port)" : text)"
    }

    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return host.replacing(" ", with: "-")
    }

    // MARK: News

    /// `begin` is called with the first news that all is loaded.
    private static func teller(
        of node: String, _ log: Log, _ begin: @escaping () -> Void
    ) -> (ClusterNotice) -> Void {
        var hasBegun = false
        return { notice in
            switch notice {
            case .loaded(let epoch, let position, let topicCount):
                log.tell(
                    .clusterJoined,
                    [
                        "epoch": .text(epoch), "position": .integer(Int(position)),
                        "topics": .integer(topicCount),
                    ])
                if !hasBegun { begin() }
                hasBegun = true
            case .unusable(let reason):
                log.tell(.clusterUnusable, ["reason": .text(reason)])
                if hasBegun { return }
                log.flush()
                exit(1)
            case .continued(let epoch): log.tell(.clusterContinued, ["epoch": .text(epoch)])
            case .away(let reason): log.tell(.clusterAway, ["reason": .text(reason)])
            case .back: log.tell(.clusterBack)
            case .refused(let reason): log.tell(.clusterRefuses, ["reason": .text(reason)])
            case .takesAgain: log.tell(.clusterTakesAgain)
            case .notesRefused(let reason): log.tell(.ticketsRefused, ["reason": .text(reason)])
            case .nameTaken(let process, let address):
                log.tell(
                    .nodeNameTaken,
                    ["node": .text(node), "address": .text(address), "process": .text(process)])
            case .feedIsHere(let feed): log.tell(.feedIsHere, ["feed": .text(feed)])
            case .feedIsElsewhere(let feed, let holder):
                log.tell(.feedIsElsewhere, ["feed": .text(feed), "node": .text(holder ?? "nobody")])
            case .checkpointMade(let position, let byteCount):
                log.tell(
                    .checkpointMade, ["position": .integer(Int(position)), "bytes": .integer(byteCount)])
            case .checkpointFailed(let reason): log.tell(.checkpointFailed, ["reason": .text(reason)])
            }
        }
    }
}
