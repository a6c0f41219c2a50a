/// Time as a value: moments of the monotonic clock, and the wall clock's milliseconds.
internal import Glibc

/// A moment of the machine's monotonic clock. Only differences between moments mean anything.
public struct Instant: Sendable, Hashable, Comparable {
    /// Nanoseconds since an origin that lies 73 years before the one that the kernel chose (CLOCK_MONOTONIC): what a journal
    /// remembers may have happened before the machine was started.
    public var nanoseconds: UInt64

    static let kernelOrigin: UInt64 = 1 << 61

    @inlinable public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Later than every real moment: "no deadline". Computed, because another module pays a call for a stored one.
    @inlinable public static var never: Instant { Instant(nanoseconds: .max) }

    /// The present moment. A loop reads it once a turn and hands it down; nothing below the loop asks.
    public static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(
            nanoseconds: kernelOrigin &+ UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    /// The same as the kernel says it; before its origin there is nothing.
    var kernelTime: timespec {
        let sinceOrigin = nanoseconds - min(nanoseconds, Self.kernelOrigin)
        return timespec(
            tv_sec: Int(clamping: sinceOrigin / 1_000_000_000), tv_nsec: Int(sinceOrigin % 1_000_000_000))
    }

    @inlinable public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Saturates at `never`.
    @inlinable public static func + (instant: Instant, interval: Duration) -> Instant {
        let (sum, overflowed) = instant.nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return overflowed ? .never : Instant(nanoseconds: sum)
    }

    /// How long after `earlier` this moment is; zero if it is before.
    @inlinable public func since(_ earlier: Instant) -> Duration {
        .nanoseconds(
            Int64(clamping: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0))
    }
}

/// A length of time that is often added to moments. A `Duration` counts attoseconds, and converting it to nanoseconds
/// is a long division.
public struct Interval: Sendable, Hashable {
    public let nanoseconds: UInt64

    public init(_ duration: Duration) {
        nanoseconds = duration.nanoseconds
    }

    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Saturates after 584 years.
    public init(milliseconds: UInt64) {
        let (product, overflowed) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        nanoseconds = overflowed ? .max : product
    }

    /// Saturates at `never`.
    @inlinable public static func + (instant: Instant, interval: Interval) -> Instant {
        let (sum, overflowed) = instant.nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return overflowed ? .never : Instant(nanoseconds: sum)
    }
}

extension Duration {
    /// Whole nanoseconds, zero for a negative duration, saturating after 584 years.
    @inlinable public var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (scaled, overflowed) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return overflowed || carried ? .max : sum
    }

    /// Seconds as a number, for people and for messages.
    public var inSeconds: Double { Double(nanoseconds) / 1e9 }
}

/// The wall clock: what an update's `time` says.
public struct UnixTime: Sendable, Hashable, Comparable {
    public var milliseconds: UInt64

    public init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    public static func now() -> UnixTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000)
    }

    public static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
