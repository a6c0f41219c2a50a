/// How long a reader's changes wait for company before they are sent: no time as long as sending is cheap.
internal import Primitives

/// The dearest part of an update is not its bytes but the call to the kernel that sends them, so the busier a loop is
/// with sending, the longer a reader that was sent something lately waits for its next flush; what comes meanwhile goes
/// with it. The first quarter of the loop's time costs nobody a wait; from there to not quite half of it the wait grows as long
/// as it may get. A reader that was quiet for that long waits for nothing.
struct FlushDelay {
    /// Shares of the time: up to the first nothing waits, from the second on it waits for as long as it may.
    private static let free = 0.25
    private static let full = 0.45
    /// Over so long the share of the time is averaged: a few of the longest waits.
    private static let memoryNanoseconds = 50e6

    private let longest: Double
    /// The share of the time that went into flushes lately, 0 to 1.
    private var share = 0.0

    init(longest: Duration) {
        self.longest = Double(longest.nanoseconds)
    }

    /// The wait at present.
    var interval: Interval {
        let part = min(max((share - Self.free) / (Self.full - Self.free), 0), 1)
        return Interval(nanoseconds: UInt64(longest * part))
    }

    /// Takes note that of `elapsed` time `flushing` was spent on sending.
    mutating func count(flushing: Duration, of elapsed: Duration) {
        let nanoseconds = Double(elapsed.nanoseconds)
        guard nanoseconds > 0 else { return }
        let weight = min(nanoseconds / Self.memoryNanoseconds, 1)
        share += (min(Double(flushing.nanoseconds) / nanoseconds, 1) - share) * weight
    }
}
