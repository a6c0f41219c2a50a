/// The update log that nodes share: a batch is answered when this node has read it back, and no reader sees it before.
package import Broker
package import Primitives
internal import Synchronization

/// Any thread publishes. What comes waits here for the node's thread (`ClusterWork`), which has it appended, reads and applies.
package final class ClusterLog: UpdateLog {
    package let sequencer: Sequencer
    let intake = Monitor(ClusterIntake())
    let clock: LogClock
    private let rules: Sequencer.Retention
    /// Nanoseconds; 0: this node has the stream of updates.
    private let awayAt = Atomic<UInt64>(0)

    /// Nanoseconds.
    private let caughtUpNanoseconds = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - clock: `LogClock(ofWall:)`.
    ///   - rules: say which topics keep a log.
    package init(_ sequencer: Sequencer, by clock: LogClock, rules: Sequencer.Retention) {
        self.sequencer = sequencer
        self.rules = rules
        self.clock = clock
    }

    package func publish(
        _ batch: borrowing UpdateBatch, time: UnixTime, at now: Instant, for ticket: PublishTicket?
    ) throws(PublishFailure) -> Publication {
        let reserved = try sequencer.reserve(for: batch)
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        let (isTaken, refusal) = intake.withLock { (intake) -> (Bool, PublishFailure?) in
            if ticket == nil, let hasRoom = intake.takeApart(batch, by: rules) {
                return (false, hasRoom ? nil : .unavailable(reason: "too much waits for the cluster's log"))
            }
            let refusal = intake.take(batch, at: moment, reserved: reserved, for: ticket)
            return (refusal == nil, refusal)
        }
        // What waits apart is for topics that may be there by then, or not.
        if !isTaken { sequencer.release(reserved) }
        if let refusal { throw refusal }
        return .pending
    }

    package var refusal: PublishFailure? { intake.withLock { $0.refusal } }

    /// Since when this node has lost the stream of updates; nil: it has it.
    package var awaySince: Instant? {
        let instant = awayAt.load(ordering: .relaxed)
        return instant == 0 ? nil : Instant(nanoseconds: instant)
    }

    func note(awaySince instant: Instant?) {
        awayAt.store(instant.map { max($0.nanoseconds, 1) } ?? 0, ordering: .relaxed)
    }

    package var caughtUpAt: Instant { Instant(nanoseconds: caughtUpNanoseconds.load(ordering: .acquiring)) }

    func note(caughtUpAt instant: Instant) {
        caughtUpNanoseconds.store(instant.nanoseconds, ordering: .releasing)
    }

    // MARK: The other nodes

    private let fleetState = Mutex<Fleet?>(nil)
    private let feeds = Mutex<Set<String>>([])

    package var fleet: Fleet? { fleetState.withLock { $0 } }

    func note(_ fleet: Fleet) { fleetState.withLock { $0 = fleet } }

    /// The feeds of this node that are to run on one node at a time.
    package var sharedFeeds: Set<String> {
        get { feeds.withLock { $0 } }
        set { feeds.withLock { $0 = newValue } }
    }

    /// Whether one of these is to run here. Where it is so at `now`, it is not so on another node.
    package func holds(feed: String, at now: Instant) -> Bool {
        fleetState.withLock { $0?.lease(of: feed)?.isHere(at: now) ?? false }
    }

    package func ask(_ request: NoteRequest, until deadline: Instant, for ticket: NoteTicket) -> Bool {
        intake.withLock { $0.take(WaitingNotes.Note(request: request, deadline: deadline, ticket: ticket)) }
    }

    package func order(
        _ content: [UInt8], until deadline: Instant, for receiver: any OrderReceiver
    ) -> Bool {
        intake.withLock {
            $0.take(NodeOrders.Wish(content: content, deadline: deadline, receiver: receiver))
        }
    }

    /// An order of another node is carried out here; `count` is what came of it.
    package func report(_ order: NodeOrder, count: Int) {
        intake.withLock { $0.carriedOut.append(CarriedOutOrder(id: order.id, count: count)) }
    }

    // MARK: The node's threads

    /// Returns when there is something for `ClusterWork.step`, or at `deadline`; whether there is.
    @discardableResult package func waitForWork(until deadline: Instant) -> Bool {
        intake.wait(until: deadline) { !$0.isEmpty || $0.isClosing }
    }

    /// How a lane's chore ended.
    package func report(_ report: ClusterChore.Report, of lane: ClusterLane) {
        intake.withLock { $0.reports.append((lane, report)) }
    }

    /// Nothing is published any more; what was is brought to its end, where the log takes it soon.
    package func close() {
        intake.withLock { intake in
            intake.isClosing = true
            intake.refusal = .unavailable(reason: "it is shutting down")
        }
    }
}
