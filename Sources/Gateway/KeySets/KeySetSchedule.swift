/// When the keys of a source are fetched: at once, then every ten minutes; and for a token that names another key.
internal import Primitives

struct KeySetSchedule {
    private static let interval = Duration.seconds(600)
    /// Anybody can name a key that there isn't. So it is looked for once in such a time.
    private static let askInterval = Duration.seconds(60)
    private static let longestDelay = Duration.seconds(60)

    /// When they are fetched next. While that is under way it is past.
    private(set) var due: Instant
    /// Whether they ever came.
    private var areKnown = false
    private var failureCount = 0
    private var asked: Instant?

    init(at now: Instant) {
        due = now
    }

    /// A token names a key that is not there: whether that may change in a moment.
    mutating func ask(at now: Instant) -> Bool {
        if due <= now { return true }
        if let asked, now < asked + Self.askInterval { return !areKnown }
        asked = now
        due = now
        return true
    }

    /// The settings were read anew.
    mutating func lookAgain(at now: Instant) { due = min(due, now) }

    mutating func succeed(at now: Instant) {
        areKnown = true
        failureCount = 0
        due = now + Self.interval
    }

    /// Returns after how long it is tried again: a second, then twice as long each time.
    mutating func fail(at now: Instant) -> Duration {
        let delay = min(.seconds(1 << min(failureCount, 6)), Self.longestDelay)
        failureCount += 1
        due = now + delay
        return delay
    }
}
