/// What a node knows of one of its connections to the log.
internal import Primitives

struct LaneState {
    /// A chore is under way.
    private(set) var isBusy = false
    /// What comes of it is not to count: something has changed meanwhile.
    private var isOutdated = false
    /// The epoch that its server said; nil: it is to join.
    private(set) var epoch: String?
    /// When it is tried again.
    private(set) var retryAt = Instant(nanoseconds: 0)
    private var failureCount = 0

    private static let firstDelay = 50
    private static let longestDelay = 2000

    /// It is on the wrong server.
    private(set) var isToReconnect = false

    /// Whether something can be done with it.
    func isFree(at now: Instant) -> Bool { !isBusy && now >= retryAt }

    mutating func begin() {
        isBusy = true
        isOutdated = false
    }

    /// Whether what came of its chore counts.
    mutating func end() -> Bool {
        isBusy = false
        defer { isOutdated = false }
        return !isOutdated
    }

    mutating func joined(_ epoch: String) {
        self.epoch = epoch
        failureCount = 0
        isToReconnect = false
    }

    /// It has to join again, at once.
    mutating func rejoin() {
        epoch = nil
        isOutdated = isBusy
    }

    /// It failed: it has to join again, after a while that grows. Its connection is gone.
    mutating func fail(reconnecting: Bool = false, at now: Instant) {
        epoch = nil
        isToReconnect = reconnecting
        pause(at: now)
    }

    /// It is left alone for a while that grows as long as it fails.
    mutating func pause(at now: Instant) {
        let delay = min(Self.firstDelay << min(failureCount, 6), Self.longestDelay)
        failureCount += 1
        retryAt = now + Interval(milliseconds: UInt64(delay))
    }

    mutating func succeeded() { failureCount = 0 }
}

/// A node's lanes.
struct Lanes {
    private var states = [LaneState](repeating: LaneState(), count: ClusterLane.allCases.count)

    subscript(_ lane: ClusterLane) -> LaneState {
        get { states[lane.rawValue] }
        set { states[lane.rawValue] = newValue }
    }
}
