/// What every streaming front end keeps of its subscriber, whatever its frames look like.
internal import Broker
internal import Primitives

struct ReaderSession {
    let subscriber: SubscriberID
    var pace: Pace
    /// Subscriptions whose snapshot is not sent whole yet, oldest first.
    var lives: [PendingLive] = []
    /// Seconds of silence from us after which the reader wants a sign of life; 0: none.
    var heartbeat: UInt8 = 0
    /// Whether a drain stopped for want of room: it goes on whatever the pace says.
    private var isInMiddle = false

    struct PendingLive {
        /// It is live when the cursor has come so far.
        let sequence: UInt64
        /// What the `live` message is to say besides: the `id` of a WebSocket command, as JSON text.
        let id: [UInt8]?
        let isResumed: Bool
    }

    init(subscriber: SubscriberID, maximumRate: Double?) {
        self.subscriber = subscriber
        pace = Pace(maximumRate: maximumRate)
    }

    /// Fills the loop's batch with what the subscriber lacks, if the pace allows it now.
    mutating func drain(_ connection: Connection, _ loop: GatewayLoop) {
        loop.batch.removeAll()
        guard loop.replica.hasMarks(subscriber), pace.due <= loop.now || isInMiddle else {
            loop.batch.cursor = loop.replica.cursor(of: subscriber)
            return
        }
        loop.replica.drain(
            subscriber, byteBudget: loop.configuration.subscribers.flushByteCount, oneRound: pace.isLimited,
            // A snapshot's values are as old as they are, and paced ones as the pace wants them. Not the turn's `now`: the
            // flushes before this one took their time.
            at: lives.isEmpty && !pace.isLimited ? loop.clock.now() : nil, into: &loop.batch)
        loop.noteDelivery(to: connection)
        isInMiddle = loop.batch.hasMore
        if isInMiddle { loop.workLater(connection) } else { pace.flushed(at: loop.now) }
    }

    /// Takes the next subscription that the batch at hand makes live.
    mutating func nextLive(_ cursor: UInt64?) -> PendingLive? {
        guard let cursor, let first = lives.first, first.sequence <= cursor else { return nil }
        return lives.removeFirst()
    }

    /// When the subscriber is to be flushed by the clock rather than by an update.
    func flushDeadline(_ loop: GatewayLoop) -> Instant {
        pace.isLimited && loop.replica.hasMarks(subscriber) ? pace.due : .never
    }

    /// Covers more topics and counts how that went.
    mutating func subscribe(
        _ patterns: [TopicPattern], cursor: [UInt8]?, id: [UInt8]?, _ connection: Connection,
        _ loop: GatewayLoop
    ) -> SubscribeOutcome {
        loop.replica.catchUp()
        let before = loop.replica.markCount(of: subscriber)
        let outcome = loop.replica.subscribe(
            subscriber, to: patterns, after: cursor.flatMap { Cursor($0.span) })
        if cursor != nil { loop.note(resume: outcome.isResumed, of: connection) }
        loop.statistics.snapshots.record(loop.replica.markCount(of: subscriber) - before)
        lives.append(PendingLive(sequence: outcome.liveSequence, id: id, isResumed: outcome.isResumed))
        // A turn later in any case: also where nothing has to be sent, the reader is told that it is live.
        loop.workLater(connection)
        return outcome
    }
}

extension GatewayLoop {
    /// Appends the cursor of `sequence`, as subscribers hold it.
    func appendCursor(_ sequence: UInt64) {
        output.append(cursorPrefix)
        output.append(decimal: sequence)
    }

    func cursorBytes(_ sequence: UInt64) -> [UInt8] {
        cursorPrefix + Array(String(sequence).utf8)
    }

    /// How long readers are told to wait before they come back from a drain: spread, so that they do not all
    /// come at once.
    func reconnectDelay() -> Int {
        let spread = Int(configuration.drain.reconnectSpread.nanoseconds / 1_000_000)
        return Int.random(in: 0...max(spread, 1), using: &generator)
    }
}
