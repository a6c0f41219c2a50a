/// What a transport's bytes say, in terms that all three transports share.
package enum WireEvent: Sendable, Equatable {
    /// The gateway has accepted the subscription. `resumed` is nil if the gateway does not say, or not yet.
    case subscribed(resumed: Bool?)
    case update(Update)
    /// The reader holds every update up to this cursor, or newer ones.
    case cursor([UInt8])
    /// Every topic that existed when the subscription began has come.
    case live(resumed: Bool?)
    /// Forget all values: a full snapshot follows.
    case reset
    case gap(Gap)
    case stale(Staleness)
    case goodbye(reason: String, reconnectAfterMilliseconds: UInt64?)
    /// The delay with which retries should begin.
    case retry(milliseconds: UInt64)
    /// Nothing but a sign of life.
    case heartbeat
    /// The gateway has lost the stream of updates, so that its values may be behind; or has it again.
    case away(Bool)
    /// An error that does not end the link.
    case error(code: String, message: String)
    /// A poll's answer is complete: ask again, after a pause if the gateway wants one.
    case answered(isEmpty: Bool, retryAfterSeconds: UInt64? = nil)
}
