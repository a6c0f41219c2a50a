/// How much a WebSocket client has been sent and has not read: its pongs tell (RFC 6455 §5.5.3).
internal import Primitives

/// The kernels at both ends, and the proxies between them, take in half a megabyte for a reader that reads nothing, and
/// what waits there grows old where nothing can conflate it. A client answers a ping when it has read what stands before
/// it. So a ping goes with every half a window of bytes, and with a window of them unanswered for nothing is drained.
///
/// A window starts at 64 KiB. A reader that filled it and answered promptly gets twice as much, up to 1 MiB; one that takes
/// its time gets half, down to 8 KiB. One that never answered is sent as much as its socket takes, as an event stream is.
struct ReadReceipts {
    /// The ping's payload, by which its answer is known.
    static let sign: [UInt8] = [UInt8(ascii: "r")]

    static let leastWindow: UInt32 = 8 * 1024
    static let firstWindow: UInt32 = 64 * 1024
    static let greatestWindow: UInt32 = 1024 * 1024
    /// The time that a reader may take beyond the way there and back: up to the first it is prompt, beyond the second late.
    private static let prompt = Interval(.milliseconds(20))
    private static let late = Interval(.milliseconds(500))

    private(set) var window = firstWindow
    /// Bytes before the ping that is not answered, and after it or after the last answer.
    private var asked: UInt32 = 0
    private var unasked: UInt32 = 0
    /// When the ping was sent that is not answered; `never` where there is none.
    private var askedAt = Instant.never
    /// Whether it ever answered one.
    private var isProven = false

    var isAwaited: Bool { askedAt != .never }

    /// Whether nothing more is to be drained until the answer comes.
    var isFull: Bool { isAwaited && isProven && asked &+ unasked >= window }

    /// Since when it is waited for an answer, while nothing is drained.
    var fullSince: Instant? { isFull ? askedAt : nil }

    /// Takes note of bytes that are sent, and says whether a ping is to go behind them.
    mutating func sent(_ byteCount: Int, at now: Instant) -> Bool {
        unasked = min(unasked &+ UInt32(clamping: byteCount), 1 << 30)
        guard !isAwaited, unasked >= window / 2 else { return false }
        (asked, unasked, askedAt) = (unasked, 0, now)
        return true
    }

    /// The answer came: all up to the ping has been read. `roundTrip` is the time of the way there and back.
    mutating func answered(at now: Instant, roundTrip: Duration) {
        guard isAwaited else { return }
        let wasFull = isFull
        let way = askedAt + Interval(roundTrip * 2)
        if now > way + Self.late {
            window = max(window / 2, Self.leastWindow)
        } else if wasFull, now <= way + Self.prompt {
            window = min(window * 2, Self.greatestWindow)
        }
        (asked, askedAt, isProven) = (0, .never, true)
    }
}
