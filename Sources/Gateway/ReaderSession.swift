/// The state of a streaming reader, the same for all frames: its subscriber, its pace, the snapshots under way.
internal import Broker
internal import Primitives

struct ReaderSession {
    /// What it reads.
    private(set) var replica: BrokerReplica
    private(set) var subscriber: SubscriberID
    var pace: Pace
    /// Subscriptions whose snapshot is not sent whole yet, oldest first. Only the last one's may not be marked whole either.
    var pendingLives: [PendingLive] = []
    /// Seconds of silence from us after which the reader wants a sign of life; 0: none.
    var heartbeat: UInt8 = 0

    struct PendingLive {
        /// It is live when the cursor has come so far; nil as long as not all that it covers is marked.
        var sequence: UInt64?
        /// The `id` of the WebSocket command, as JSON text, for the `live` message.
        let id: [UInt8]?
        let isResumed: Bool
    }

    /// A few subscriptions that wait for their `live` are as usual.
    var heldByteCount: Int { pendingLives.count > 4 ? pendingLives.count * 320 : 0 }

    /// A new subscriber that covers nothing yet.
    init(_ request: SubscriptionRequest, of connection: Connection, _ work: Workspace) {
        work.catchUp()
        replica = work.replica
        subscriber = replica.addSubscriber(owner: connection.key)
        if request.wantsStaleness { replica.tellStaleness(to: subscriber) }
        pace = Pace(
            maximumRate: connection.granted(request.maximumRate, work.configuration.subscribers))
        heartbeat = request.heartbeat ?? 0
    }

    /// Whether the last subscribe or unsubscribe is still under way. The next one has to wait for it.
    var isWalking: Bool { replica.isWalking(subscriber) }

    /// Goes over to the replica that has taken the place of its own, if it reads nothing; returns whether it reads the present one.
    mutating func follow(_ connection: Connection, _ work: Workspace) -> Bool {
        if replica === work.replica { return true }
        guard pendingLives.isEmpty, !isWalking, replica.subscriptionCount(of: subscriber) == 0 else {
            return false
        }
        let wantsStaleness = replica.tellsStaleness(to: subscriber)
        replica.removeSubscriber(subscriber)
        replica = work.replica
        subscriber = replica.addSubscriber(owner: connection.key)
        if wantsStaleness { replica.tellStaleness(to: subscriber) }
        return true
    }

    /// Fills the workspace's batch with the changes that the subscriber lacks, up to `budget` bytes, if the pace allows it now.
    mutating func drain(budget: Int, _ connection: Connection, _ work: Workspace) {
        work.batch.removeAll()
        settleLives(work)
        let isDue = pace.due <= work.now
        // What a round has begun goes on whatever the pace says.
        guard replica.hasMarks(subscriber), isDue || replica.isInRound(subscriber) else {
            work.batch.cursor = replica.cursor(of: subscriber)
            return
        }
        replica.drain(
            subscriber, byteBudget: budget, rounds: pace.isLimited ? isDue ? .one : .rest : .all,
            // A snapshot's values are as old as they are, and paced ones as the pace wants them. Not the turn's `now`: the
            // flushes before this one took their time.
            at: pendingLives.isEmpty && !pace.isLimited ? work.clock.now() : nil, into: &work.batch)
        work.noteDelivery(to: connection)
        // Each part of a round counts: an unsubscribe may take the rest.
        if !work.batch.isEmpty { pace.flushed(at: work.now) }
        if work.batch.hasMore { work.comeBack() }
    }

    /// Finds out how far the cursor has to come for the last subscription, once all that it covers is marked.
    private mutating func settleLives(_ work: Workspace) {
        guard let last = pendingLives.indices.last, pendingLives[last].sequence == nil, !isWalking
        else { return }
        pendingLives[last].sequence = replica.markedSequence
    }

    /// Takes the next subscription that the batch at hand makes live.
    mutating func nextLive(_ cursor: UInt64?) -> PendingLive? {
        guard let cursor, let sequence = pendingLives.first?.sequence, sequence <= cursor else { return nil }
        return pendingLives.removeFirst()
    }

    /// When the subscriber is to be flushed by the clock rather than by an update.
    func flushDeadline(_ work: Workspace) -> Instant {
        pace.isLimited && replica.hasMarks(subscriber) ? pace.due : .never
    }

    /// Begins to cover more topics; returns whether the cursor was honoured.
    mutating func subscribe(
        _ patterns: [TopicPattern], cursor: [UInt8]?, last: Int?, id: [UInt8]?, _ connection: Connection,
        _ work: Workspace
    ) -> Bool {
        settleLives(work)
        replica.catchUp()
        let start = cursor.flatMap { Cursor($0.span) }
        let isResumed = replica.subscribe(
            subscriber, to: patterns, after: start, last: start.isReset(cursor) ? nil : last)
        if cursor != nil { work.note(resume: isResumed, of: connection) }
        pendingLives.append(PendingLive(id: id, isResumed: isResumed))
        // A turn later in any case: also where nothing has to be sent, the reader is told that it is live.
        work.comeBack()
        return isResumed
    }
}

/// Somebody who reads: the subscriber, and whose it is.
struct Reader {
    let id: SubscriberID
    let replica: BrokerReplica

    var conflated: UInt64 { replica.conflated(of: id) }
}
