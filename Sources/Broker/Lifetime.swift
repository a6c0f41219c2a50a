/// How long the values of a topic last: until they count as stale, and until the topic ends by itself.
internal import Primitives

/// What the configuration says of the topics that a name is one of.
struct LifetimeRule: Equatable {
    var timeToLive: Interval?
    var staleAfter: Interval?
}

/// Only topics with a time to live, or with a rule, have one.
final class Lifetime {
    private let rule: LifetimeRule
    /// What the latest update said of itself.
    private(set) var given = TimeToLive.unsaid
    /// When the topic ends, and when its value is stale.
    private(set) var end = Instant.never
    private(set) var staleAt = Instant.never
    /// Since its value is stale, what tells so.
    private(set) var staleness: Staleness?

    init(_ rule: LifetimeRule) {
        self.rule = rule
    }

    /// When it next needs looking at.
    var deadline: Instant { staleness == nil ? min(end, staleAt) : end }

    /// A new value has come, which may say of itself how long it lasts.
    func begin(at accepted: Instant, _ given: TimeToLive) {
        self.given = given
        staleness = nil
        end = (given.interval ?? rule.timeToLive).map { accepted + $0 } ?? .never
        staleAt = rule.staleAfter.map { accepted + $0 } ?? .never
    }

    /// The topic has ended.
    func stop() {
        given = .unsaid
        staleness = nil
        end = .never
        staleAt = .never
    }

    func live(by clock: LogClock) {
        end = clock.instant(ofLog: end)
        staleAt = clock.instant(ofLog: staleAt)
    }

    func becomeStale(_ staleness: Staleness) {
        self.staleness = staleness
    }
}

/// That a topic has been silent for too long.
struct Staleness: Sendable {
    /// `"topic":…,"since":…`, encoded once for all readers.
    let notice: Payload
    /// Its number in the one order.
    let sequence: UInt64

    /// Since when, by the wall clock.
    static func encode(_ name: UnsafeBufferPointer<UInt8>, since time: UnixTime) -> Payload {
        var text = ByteBuffer(capacity: name.count + 40)
        text.append("\"topic\":")
        text.append(jsonString: name.span)
        text.append(",\"since\":")
        text.append(decimal: time.milliseconds)
        return Payload(text.bytes)
    }
}
