/// How long a reader's changes wait for company before they are sent: no time as long as the loop has time left.
internal import Primitives

/// The dearest part of an update is not its bytes but the call to the kernel that sends them. So a loop that is short of time
/// because of these lets a reader that was sent something lately wait for its next flush; what comes meanwhile goes with it, and
/// what changes twice is conflated. The wait grows while the loop is busy for more than it should be, shrinks while it has time,
/// and stays in between: the shortest one that leaves the loop a fifth of its time or so. It is no longer than the share of the
/// time that goes into flushes allows, because where other work takes the time, waits spare none. A reader that was quiet for
/// that long waits for nothing.
struct FlushDelay {
    /// Shares of its time for which a loop may be busy: below the first the wait shrinks, above the second it grows.
    private static let free = 0.75
    private static let full = 0.85
    /// So far beyond these the wait changes as fast as it may.
    private static let far = 0.15
    /// Shares of the time that go into flushes: up to the first nothing waits, from the second on it waits for as long as it may.
    private static let little = 0.25
    private static let much = 0.45
    /// Over so long the shares are averaged, and in so long the wait goes from nothing to the longest: slower than the averages
    /// follow it, or both would swing.
    private static let memoryNanoseconds = 50e6
    private static let growthNanoseconds = 100e6

    private var longest: Double
    /// The shares of its time that the loop was busy, and that it was flushing, lately.
    private var busyShare = 0.0
    private var flushingShare = 0.0
    /// The wait, as a part of the longest.
    private var part = 0.0

    init(longest: Duration) {
        self.longest = Double(longest.nanoseconds)
    }

    /// Goes on with another longest wait.
    mutating func change(longest: Duration) {
        self.longest = Double(longest.nanoseconds)
    }

    /// The wait at present.
    var interval: Interval { Interval(nanoseconds: UInt64(longest * part)) }

    /// Takes note that of `elapsed` time the loop was busy for `busy`, and for `flushing` of that with flushes.
    mutating func count(flushing: Duration, busy: Duration, of elapsed: Duration) {
        let nanoseconds = Double(elapsed.nanoseconds)
        guard nanoseconds > 0 else { return }
        let weight = min(nanoseconds / Self.memoryNanoseconds, 1)
        busyShare += (min(Double(busy.nanoseconds) / nanoseconds, 1) - busyShare) * weight
        flushingShare += (min(Double(flushing.nanoseconds) / nanoseconds, 1) - flushingShare) * weight
        let excess = busyShare > Self.full ? busyShare - Self.full : min(busyShare - Self.free, 0)
        let speed = min(max(excess / Self.far, -1), 1)
        let most = min(max((flushingShare - Self.little) / (Self.much - Self.little), 0), 1)
        part = min(max(part + speed * nanoseconds / Self.growthNanoseconds, 0), most)
    }
}
