/// How long a reader's changes wait for company before they are sent: no time as long as sending is cheap.
internal import Primitives

/// The dearest part of an update is not its bytes but the call to the kernel that sends them, so the busier a loop is
/// with sending, the longer a reader that was sent something lately waits for its next flush; what comes meanwhile goes
/// with it. Half of the loop's time spent on sending makes the wait as long as it may get. A reader that was quiet for
/// that long waits for nothing.
struct FlushDelay {
    /// Over so long the share of the time is averaged: a few of the longest waits.
    private static let memoryNanoseconds = 50e6

    private let longest: Double
    /// The share of the time that went into flushes lately, 0 to 1.
    private var share = 0.0

    init(longest: Duration) {
        self.longest = Double(longest.nanoseconds)
    }

    /// The wait at present.
    var interval: Interval { Interval(nanoseconds: UInt64(longest * min(2 * share, 1))) }

    /// Takes note that of `elapsed` time `flushing` was spent on sending.
    mutating func count(flushing: Duration, of elapsed: Duration) {
        let nanoseconds = Double(elapsed.nanoseconds)
        guard nanoseconds > 0 else { return }
        let weight = min(nanoseconds / Self.memoryNanoseconds, 1)
        share += (min(Double(flushing.nanoseconds) / nanoseconds, 1) - share) * weight
    }
}
