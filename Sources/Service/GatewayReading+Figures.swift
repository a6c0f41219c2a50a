/// From what the gateway counts to what the feed of its figures publishes: the two do not know each other.
internal import Broker
internal import Feeds
internal import Gateway
internal import Primitives

extension GatewayReading {
    init(_ figures: GatewayFigures) {
        self.init()
        webSockets = figures[.webSockets]
        eventStreams = figures[.eventStreams]
        polls = figures[.polls]
        http = figures[.http]
        stopped = figures[.stopped]
        topics = figures[.topics]
        subscriptions = figures[.subscriptions]
        published = figures[.published] + figures.updatesOfSources
        delivered = figures[.delivered]
        conflated = figures[.conflated]
        sentBytes = figures[.sentBytes]
        receivedBytes = figures[.receivedBytes]
        processorSeconds = figures.process.processorSeconds
        residentBytes = figures.process.residentBytes
        wait = figures[.wait]
        age = figures[.age]
        cluster = figures.fleet.map { fleet in
            (fleet.words.count, fleet.awayCount(at: .now()), Int(clamping: fleet.own.lag))
        }
    }
}
