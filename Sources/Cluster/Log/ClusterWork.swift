/// A node's part in the cluster: what publishers bring goes into the shared log, and what comes from there into the order.
package import Broker
package import Primitives

/// Owned by one thread, which calls `step` when something has come and when `nextDeadline` has. What blocks it hands out as chores, one
/// at a time for each lane, whose reports come back by the intake (`ClusterLog.report`).
package final class ClusterWork {
    let log: ClusterLog
    let settings: ClusterSettings
    /// Shows how far the first load is.
    let progress: RestoreProgress
    /// Makes epochs, and other names that no other has.
    let makeEpoch: () -> Epoch
    /// This process among all that have ever been this node.
    package private(set) var process: String
    let tell: (ClusterNotice) -> Void
    let handOut: (ClusterChore, ClusterLane) -> Void

    // MARK: The place in the log

    /// What the log's servers said last of its epochs.
    var head: LogHead?
    /// The last position whose record is in the order.
    package internal(set) var applied: UInt64 = 0
    /// The sequencer holds the state of `applied`.
    package internal(set) var hasState = false
    /// It is to be loaded anew.
    var needsLoad = true
    /// Something of the log can't be used: nothing is done any more.
    var isUnusable = false

    // MARK: On the way

    var waiting = WaitingEntries()
    var sent = SentRecords()
    /// The epoch in which the last of these was sent.
    var sentIn: String?
    var batch = UpdateBatch()
    var due = UpdateBatch()
    /// The next record is written here.
    var record = ByteBuffer()
    /// Since when something is in the way of publishing: the log can't be reached, or takes nothing.
    var stuckSince: Instant?
    var isRefusing = false
    /// Why the log takes nothing from this node.
    var refusalReason: String?
    var isAway = false
    var lanes = Lanes()
    var isClosing = false
    var closesAt = Instant.never
    package internal(set) var isOver = false

    // MARK: Checkpoints

    var byteCountSinceCheckpoint = 0
    var lastCheckpoint: UInt64 = 0
    var lastCheckpointByteCount = 0
    var nextCheckpoint = Instant(nanoseconds: 0)

    // MARK: The other nodes

    /// Notes that are to be left or taken, and those that the lane is at.
    var notes = WaitingNotes()
    var askedNotes: [WaitingNotes.Note] = []
    var nextNoteNotice = Instant(nanoseconds: 0)
    var orders = NodeOrders()
    /// The names of all others that may have connections.
    var companions: [String] = []
    /// The round that is under way says that this node ends, and all others can know it.
    var isLastRound = false
    var hasSaidGoodbye = false
    var fleet: Fleet
    /// The last position that the log is known to have.
    var logEnd: UInt64 = 0
    /// Where the log was seen to end at a moment, as long as this node has not come so far.
    var seenEnd: (position: UInt64, at: Instant)?
    /// When the read that is under way was handed out.
    var readBegan = Instant(nanoseconds: 0)
    /// When the next round of greetings begins, and when the one that is under way has.
    var nextRound = Instant(nanoseconds: 0)
    var roundBegan = Instant(nanoseconds: 0)
    /// The feeds that the log was asked for.
    var askedFeeds: Set<String> = []
    /// Those that the round which is under way is to give this node, in the order in which it names them.
    var roundFeeds: [String] = []
    /// The process that this one greeted as.
    var greetedAs = ""
    /// How often in a row another process was found to have this node's name.
    var rivalCount = 0
    /// When this process was heard last, by the wall clock: it goes on while the machine sleeps.
    var heardAt: UnixTime?

    /// Whoever publishes waits so long for a log that can't be reached.
    static let patience = Interval(milliseconds: 5000)
    /// A topic that was named as due and has not ended after so long is named again.
    static let duePatience = Interval(milliseconds: 5000)

    package init(
        _ log: ClusterLog, _ settings: ClusterSettings, _ progress: RestoreProgress = RestoreProgress(),
        makeEpoch: @escaping () -> Epoch = Epoch.random, tell: @escaping (ClusterNotice) -> Void,
        handOut: @escaping (ClusterChore, ClusterLane) -> Void
    ) {
        self.log = log
        self.settings = settings
        self.progress = progress
        self.makeEpoch = makeEpoch
        process = makeEpoch().text
        var own = Fleet.Node(name: settings.node)
        own.address = settings.address
        own.version = ProductVersion.text
        fleet = Fleet(own: own)
        self.tell = tell
        self.handOut = handOut
    }

    var sequencer: Sequencer { log.sequencer }
    var clock: LogClock { log.clock }

    /// The epoch that the node follows.
    package var epoch: String? { hasState ? head?.epoch : nil }

    /// When `step` has something to do though nothing has come.
    package var nextDeadline: Instant {
        if isOver { return .never }
        var deadline = min(closesAt, orders.nextDeadline)
        if isUnusable { return deadline }
        if wantsRead { deadline = min(deadline, lanes[.read].retryAt) }
        if wantsAppend { deadline = min(deadline, lanes[.append].retryAt) }
        if wantsCheckpoint { deadline = min(deadline, max(lanes[.checkpoint].retryAt, nextCheckpoint)) }
        deadline = min(deadline, nextRoundStep, nextNoteStep)
        if let stuckSince, !isRefusing { deadline = min(deadline, stuckSince + Self.patience) }
        if canNameDue { deadline = min(deadline, sequencer.nextExpiry) }
        return deadline
    }

    /// Does what is to be done now.
    package func step(time: UnixTime, at now: Instant) {
        if isOver { return }
        outliveSilence(time: time)
        takeIntake(time: time, at: now)
        expireNotes(at: now)
        expireOrders(at: now)
        if !isUnusable {
            nameDue(time: time, at: now)
            startRead(time: time, at: now)
            startAppend(time: time, at: now)
            startCheckpoint(time: time, at: now)
            startRound(time: time, at: now)
            startExchange(time: time, at: now)
        }
        noteFeedsThatEnd(at: now)
        losePatience(time: time, at: now)
        if isClosing { close(at: now) }
        let byteCount = waiting.byteCount + sent.byteCount
        let (noteCount, orderCount) = (notes.count + askedNotes.count, orders.count)
        log.intake.withLock { intake in
            intake.byteCountOnTheWay = byteCount
            intake.noteCountOnTheWay = noteCount
            intake.standingOrderCount = orderCount
        }
    }

    private func takeIntake(time: UnixTime, at now: Instant) {
        var wishes: [NodeOrders.Wish] = []
        var carriedOut: [CarriedOutOrder] = []
        let (reports, isToClose) = log.intake.withLock { intake in
            defer { (intake.reports, intake.isClosing) = ([], false) }
            if waiting.isEmpty {
                swap(&waiting, &intake.entries)
            } else {
                while !intake.entries.isEmpty { waiting.take(&intake.entries) }
            }
            notes.take(&intake.notes)
            swap(&wishes, &intake.orders)
            swap(&carriedOut, &intake.carriedOut)
            return (intake.reports, intake.isClosing)
        }
        isClosing = isClosing || isToClose
        take(wishes, carriedOut, at: now)
        for (lane, report) in reports {
            // What was taken is taken, whatever has become of the lane meanwhile.
            if lane == .nodes { settleNotes(by: report, at: now) }
            guard lanes[lane].end() else { continue }
            take(report, of: lane, time: time, at: now)
        }
    }

    private func take(
        _ report: ClusterChore.Report, of lane: ClusterLane, time: UnixTime, at now: Instant
    ) {
        switch report {
        case .joined(let head): take(head, of: lane, at: now)
        case .appended: noteAppended()
        case .read(let records): take(records, at: now)
        case .loaded(let state, let head, let byteCount): take(state, at: head, byteCount, now)
        case .claimed(let claim): take(claim, time: time, at: now)
        case .saved(let position, let byteCount): tookCheckpoint(position, byteCount, at: now)
        case .greeted(let round): take(round, time: time, at: now)
        case .exchanged: lanes[lane].succeeded()
        case .failed(let failure): take(failure, of: lane, at: now)
        }
    }

    /// Whoever is silent for very long is removed from the log, and what it had appended could come twice: nobody knows any more
    /// what of this process is in there, and it goes on as another one.
    private func outliveSilence(time: UnixTime) {
        guard let heardAt else {
            self.heardAt = time
            return
        }
        guard time.milliseconds > heardAt.milliseconds + Self.silenceMilliseconds else { return }
        self.heardAt = time
        sent.forget(upTo: .max, .outcomeLost, releasing: sequencer)
        process = makeEpoch().text
        lanes[.append].rejoin()
    }

    func start(_ chore: ClusterChore, on lane: ClusterLane) {
        lanes[lane].begin()
        handOut(chore, lane)
    }

    // MARK: Joining

    func startJoin(on lane: ClusterLane, time: UnixTime, at now: Instant) {
        let epoch = makeEpoch().text
        let moment = LogEntry.Moment(time: time, instant: clock.reading(at: now))
        let offer = JoinOffer(
            node: settings.node, process: process, epoch: epoch,
            first: RecordContent.first(epoch, settings.rules, at: moment),
            next: RecordContent.next(epoch, at: moment), isAfresh: lanes[lane].isToReconnect)
        start(.join(offer, takingOver: lane == .append), on: lane)
    }

    private func take(_ newHead: LogHead, of lane: ClusterLane, at now: Instant) {
        if let head, head.former.contains(where: { $0.epoch == newHead.epoch }) {
            // A server that was the primary once, or one that said this long ago.
            return lanes[lane].fail(reconnecting: true, at: now)
        }
        lanes[lane].joined(newHead.epoch)
        let isChange = newHead.epoch != head?.epoch
        // What the read lane has applied is behind what the others were told in the same epoch.
        if let head, hasState, isChange || lane == .read, !newHead.continues(head.epoch, at: applied) {
            needsLoad = true
        }
        if isChange {
            for other in ClusterLane.allCases where other != lane { lanes[other].rejoin() }
            if hasState, !needsLoad { tell(.continued(epoch: newHead.epoch)) }
        }
        if isChange { seenEnd = nil }
        if isChange || lane == .read { head = newHead }
        if lane == .append {
            refusalReason = nil
            // In a history that parted before, nobody knows what became of what was sent in the other one.
            if let sentIn, !newHead.knows(sentIn) {
                sent.begin(after: newHead.ownNumber, .outcomeLost, returning: &waiting, releasing: sequencer)
            } else {
                sent.goOn(from: newHead.ownNumber, returning: &waiting, releasing: sequencer)
            }
        }
    }

    private func take(_ failure: SharedLogFailure, of lane: ClusterLane, at now: Instant) {
        switch failure {
        case .lost(let reason):
            lanes[lane].fail(at: now)
            if lane == .read { noteAway(reason, at: now) }
        case .refused(let reason):
            lanes[lane].pause(at: now)
            if lane == .append { noteRefused(reason) }
            if lane == .read { noteAway(reason, at: now) }
        case .superseded: lanes[lane].fail(at: now)
        case .trimmed:
            // Nobody keeps what this node would need to go on: until there is a checkpoint that is further.
            if lane == .read {
                needsLoad = true
                noteAway("what this node needs of the log is not there any more", at: now)
            }
            lanes[lane].fail(at: now)
        case .unusable(let reason): becomeUnusable(reason, at: now)
        }
        if lane == .checkpoint { failedCheckpoint(failure, at: now) }
    }

    func becomeUnusable(_ reason: String, at now: Instant) {
        isUnusable = true
        if hasState { noteAway(reason, at: now) }
        refuse(.unavailable(reason: "it can't take part in its cluster"))
        tell(.unusable(reason: reason))
    }
}
