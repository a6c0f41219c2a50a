/// A cursor of a process that is further: the subscribe that brought it waits, for a moment, until this one has come so far.
internal import Broker
internal import Primitives

/// It is judged when the replica has come so far, or else when that holds all that the log held when it came: then the place that it
/// names is lost, or never was.
struct AwaitedCursor {
    /// What the process knows of the log may be so old: earlier it is not judged.
    private static let patience = Interval(.seconds(1))
    /// For a process that lags by more its holder does not wait.
    private static let limit = Interval(.seconds(10))
    /// Between the two it is looked at so often.
    private static let pause = Interval(.milliseconds(50))

    let cursor: Cursor
    private let began: Instant

    init(_ cursor: Cursor, at now: Instant) {
        self.cursor = cursor
        began = now
    }

    fileprivate func nextLook(after now: Instant) -> Instant {
        let first = began + Self.patience
        guard now >= first else { return first }
        let pauses = UInt64(now.since(first).nanoseconds) / Self.pause.nanoseconds + 1
        return first + Interval(nanoseconds: pauses * Self.pause.nanoseconds)
    }

    fileprivate func isDue(at now: Instant, caughtUpAt: Instant) -> Bool {
        now >= began + (isKnown(caughtUpAt: caughtUpAt) ? Self.patience : Self.limit)
    }

    /// Whether the process has all that could be known to its holder.
    fileprivate func isKnown(caughtUpAt: Instant) -> Bool { caughtUpAt > began }
}

/// One that waits, in the loop's list.
struct CursorWait {
    let key: ReaderKey
    let awaited: AwaitedCursor
}

extension Workspace {
    /// What a subscribe with that cursor has to wait for; nil: it can be judged. Then the loop comes back to the connection when it has
    /// come. Where nobody else appends to the log, nobody waits.
    func awaited(_ presented: [UInt8]?, for connection: Connection) -> AwaitedCursor? {
        guard sharesLog, let presented, let cursor = Cursor(presented.span) else { return nil }
        catchUp()
        guard replica.isBehind(cursor) else { return nil }
        let awaited = AwaitedCursor(cursor, at: clock.now())
        cursorWaits.append(CursorWait(key: connection.key, awaited: awaited))
        return awaited
    }

    /// Whether it goes on waiting.
    func isWaiting(for awaited: AwaitedCursor) -> Bool {
        replica.isBehind(awaited.cursor) && !awaited.isDue(at: now, caughtUpAt: shared.updates.caughtUpAt)
    }

    /// When it is to be looked at, where nothing comes before.
    func deadline(of awaited: AwaitedCursor) -> Instant {
        isWaiting(for: awaited) ? awaited.nextLook(after: now) : now
    }

    /// Whether nobody can say what the cursor is worth: this process lags too much. Its holder is to go to another one, and keep it.
    func isTooFarBehind(_ awaited: AwaitedCursor) -> Bool {
        replica.isBehind(awaited.cursor) && !awaited.isKnown(caughtUpAt: shared.updates.caughtUpAt)
    }
}

/// How far the loop has looked at those that wait.
struct CursorWatch {
    fileprivate var sequence: UInt64 = 0
    fileprivate var epoch: Epoch?
    /// Of the present state so many have not been looked at.
    fileprivate var leftCount = 0
}

extension GatewayLoop {
    /// Waits that are looked at in a turn.
    private static let waitLimit = 512

    /// Whether there is something new for those that wait.
    var hasCursorWaits: Bool {
        !work.cursorWaits.isEmpty && (cursorWatch.leftCount > 0 || !hasSeenPresent)
    }

    private var hasSeenPresent: Bool {
        cursorWatch.sequence == replica.sequence && cursorWatch.epoch == replica.epoch
    }

    /// Comes back to those that wait no more, some in each turn: whoever has come since is looked at already.
    func lookAtCursorWaits() {
        guard hasCursorWaits else { return }
        if !hasSeenPresent {
            (cursorWatch.sequence, cursorWatch.epoch) = (replica.sequence, replica.epoch)
            cursorWatch.leftCount = work.cursorWaits.count
        }
        beginShare(Share.reviews)
        for step in 0..<min(cursorWatch.leftCount, Self.waitLimit) {
            if step & 3 == 3, isShareSpent { return }
            guard let wait = work.cursorWaits.popFirst() else {
                cursorWatch.leftCount = 0
                return
            }
            cursorWatch.leftCount -= 1
            if work.isWaiting(for: wait.awaited) {
                work.cursorWaits.append(wait)
            } else if let connection = connection(of: wait.key) {
                workLater(connection)
            }
        }
    }
}
