/// Turns the gateway's counters into the reading of the feed of its figures: neither knows the other.
internal import Feeds
internal import Gateway

extension GatewayReading {
    init(_ figures: GatewayFigures) {
        self.init()
        webSockets = figures.webSockets
        eventStreams = figures.eventStreams
        polls = figures.polls
        http = figures.http
        stopped = figures.stopped
        topics = figures.topics
        subscriptions = figures.subscriptions
        published = figures.feeds.reduce(figures.published) { $0 + $1.published }
        delivered = figures.delivered
        conflated = figures.conflated
        sentBytes = figures.sentBytes
        receivedBytes = figures.receivedBytes
        processorSeconds = figures.process.processorSeconds
        residentBytes = figures.process.residentBytes
        wait = figures.wait
        age = figures.age
    }
}
