/// Where a part of the program reads the time: the machine's clocks, or a clock that a test moves.
internal import Synchronization

/// A loop reads its kernel's clock and no other, so that a simulated gateway lives in simulated time.
public enum Clock: Sendable {
    case system
    case manual(ManualClock)

    /// The present moment of the monotonic clock.
    public func now() -> Instant {
        switch self {
        case .system: .now()
        case .manual(let clock): clock.read()
        }
    }

    /// The wall clock's present time.
    public func time() -> UnixTime {
        switch self {
        case .system: .now()
        case .manual(let clock): clock.time
        }
    }
}

/// A clock that stands still until a test advances it, or that moves on a little whenever the program looks at it, as if work
/// took time. Any thread.
public final class ManualClock: Sendable {
    /// 2025-11-24: the wall clock's time while the monotonic clock stands at its origin.
    private static let originMilliseconds: UInt64 = 1_764_000_000_000

    private let nanoseconds: Atomic<UInt64>
    private let step = Atomic<UInt64>(0)

    public init(at start: Instant = Instant(nanoseconds: 1_000_000_000)) {
        nanoseconds = Atomic(start.nanoseconds)
    }

    public var now: Instant { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    public var time: UnixTime {
        UnixTime(milliseconds: Self.originMilliseconds + now.nanoseconds / 1_000_000)
    }

    /// From now on every look of the program at the clock takes so long.
    public func advanceWithEachReading(by duration: Duration) {
        step.store(duration.nanoseconds, ordering: .relaxed)
    }

    func read() -> Instant {
        let step = step.load(ordering: .relaxed)
        return Instant(nanoseconds: nanoseconds.add(step, ordering: .relaxed).newValue)
    }

    public func advance(by duration: Duration) {
        nanoseconds.add(duration.nanoseconds, ordering: .relaxed)
    }
}
