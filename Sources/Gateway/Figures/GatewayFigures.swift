/// All that is counted, over all loops, at one moment: what `/metrics`, `/stats` and the feed of figures tell.
internal import Broker
package import Primitives
internal import Synchronization

/// Each is read as it stands: figures of one moment may differ by what happened between two reads. Only the number of topics
/// takes the sequencer's lock, for a moment.
package struct GatewayFigures: Sendable {
    package var process = ProcessFigures.now()
    package var startedAt: UnixTime
    package var descriptorLimit: Int

    /// Open connections by what they speak at present; `http` is what is none of the readers.
    package var webSockets = 0
    package var eventStreams = 0
    package var polls = 0
    package var http = 0
    package var connections: Int { webSockets + eventStreams + polls + http }
    /// Those for which nothing is drained: their socket is full, or they have not read what they were sent.
    package var stopped = 0
    package var opened = 0
    package var turnedAway = 0
    package var closed: [EndReason: Int] = [:]

    package var topics = 0
    package var subscriptions = 0
    package var requests = 0
    package var refusals: [String: Int] = [:]
    /// Updates accepted over HTTP and WebSocket, and those of each feed.
    package var published = 0
    package var feeds: [(name: String, published: Int)] = []
    package var delivered = 0
    package var conflated = 0
    package var sends = 0
    package var sentBytes = 0
    package var receivedBytes = 0
    package var resumed = 0
    package var reset = 0
    package var gaps = 0
    package var compressedMessages = 0
    package var compressions = 0
    package var compressionsSkipped = 0
    package var savedBytes = 0

    /// Microseconds of a turn, from acceptance to sending, and of the age of what is sent.
    package var turns = Histogram.Reading()
    package var wait = Histogram.Reading()
    package var age = Histogram.Reading()
    /// Updates.
    package var batches = Histogram.Reading()
    package var snapshots = Histogram.Reading()

    init(_ shared: GatewayShared) {
        startedAt = shared.startedAt
        descriptorLimit = shared.descriptorLimit
        for loop in shared.loops { add(loop.statistics) }
        http = max(http - webSockets - eventStreams - polls, 0)
        topics = shared.sequencer.topicCount
        feeds = shared.sources.withLock { $0 }.map { ($0.name, $0.published.now) }
    }

    private mutating func add(_ loop: LoopStatistics) {
        webSockets += loop.webSockets.now
        eventStreams += loop.eventStreams.now
        polls += loop.polls.now
        http += loop.connections.now
        stopped += loop.stopped.now
        opened += loop.opened.now
        turnedAway += loop.turnedAway.now
        for reason in EndReason.allCases {
            closed[reason, default: 0] += loop.endings[reason]?.value.now ?? 0
        }
        subscriptions += loop.slots.now
        requests += loop.requests.now
        for code in Problem.codes { refusals[code, default: 0] += loop.refusals[code]?.value.now ?? 0 }
        published += loop.published.now
        delivered += loop.delivered.now
        conflated += loop.conflated.now
        sends += loop.flushes.now
        sentBytes += loop.sentBytes.now
        receivedBytes += loop.receivedBytes.now
        resumed += loop.resumed.now
        reset += loop.reset.now
        gaps += loop.gaps.now
        compressedMessages += loop.compressedMessages.now
        compressions += loop.compressions.now
        compressionsSkipped += loop.compressionsSkipped.now
        savedBytes += loop.savedBytes.now
        turns = turns + loop.turns.reading
        wait = wait + loop.delays.wait.reading
        age = age + loop.delays.age.reading
        batches = batches + loop.batches.reading
        snapshots = snapshots + loop.snapshots.reading
    }
}
