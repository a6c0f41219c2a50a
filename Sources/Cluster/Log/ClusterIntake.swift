/// Where publishers hand over their batches, and lanes their reports, to the thread that keeps the node in step with the log.
internal import Broker
internal import Primitives

/// Guarded by its monitor.
struct ClusterIntake: ~Copyable {
    var entries = WaitingEntries()
    /// Bytes of entries that were taken from here, and whose outcome is not known.
    var byteCountOnTheWay = 0
    var reports: [(lane: ClusterLane, report: ClusterChore.Report)] = []
    /// Notes that wait, and how many were taken from here and have no outcome yet.
    var notes = WaitingNotes()
    var noteCountOnTheWay = 0
    /// Orders to be given, how many were taken from here and still stand, and those of others that were carried out.
    var orders: [NodeOrders.Wish] = []
    var standingOrderCount = 0
    var carriedOut: [CarriedOutOrder] = []
    /// What comes from publishers that nobody can tell to come again, while the log can't be reached or takes nothing.
    var backlog = UpdateBacklog()
    var isStuck = false
    /// Why nothing is taken of the others.
    var refusal: PublishFailure?
    var isClosing = false

    var isEmpty: Bool {
        entries.isEmpty && reports.isEmpty && notes.isEmpty && orders.isEmpty && carriedOut.isEmpty
    }

    /// Batches beyond so many bytes that wait are refused: the log does not keep up.
    private static var byteLimit: Int { 8 << 20 }

    /// So many notes may wait. Whoever waits is a connection, which is told to come again.
    private static var noteLimit: Int { 4096 }
    private static var noteByteLimit: Int { 8 << 20 }

    /// Takes a request that is to be carried out; whether there was room.
    mutating func take(_ note: WaitingNotes.Note) -> Bool {
        guard notes.count + noteCountOnTheWay < Self.noteLimit,
            notes.byteCount + note.request.byteCount <= Self.noteByteLimit
        else { return false }
        notes.append(note)
        return true
    }

    /// Takes an order that is to be given; whether there was room.
    mutating func take(_ order: NodeOrders.Wish) -> Bool {
        guard orders.count + standingOrderCount < NodeOrders.limit,
            order.content.count <= NodeOrders.contentByteLimit
        else { return false }
        orders.append(order)
        return true
    }

    /// Takes a batch that nobody waits for into the backlog, where the log is out of reach. Nil: it is not; otherwise whether there was room.
    mutating func takeApart(_ batch: borrowing UpdateBatch, by rules: Sequencer.Retention) -> Bool? {
        guard isStuck, !isClosing, !batch.isGuarded else { return nil }
        return backlog.take(batch, by: rules)
    }

    /// Takes a batch that is to be appended. Returns why not, where it isn't.
    mutating func take(
        _ batch: borrowing UpdateBatch, at moment: LogEntry.Moment, reserved: Int, for ticket: PublishTicket?
    ) -> PublishFailure? {
        if let refusal { return refusal }
        guard entries.byteCount + byteCountOnTheWay <= Self.byteLimit else {
            return .unavailable(reason: "updates come faster than the cluster's log takes them")
        }
        entries.append(batch, at: moment, reserved: reserved, for: ticket)
        return nil
    }
}
