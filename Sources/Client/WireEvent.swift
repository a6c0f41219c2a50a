/// What one transport's bytes say, in the words that all three share.
package enum WireEvent: Sendable, Equatable {
    /// The gateway has accepted the subscription. Nil: it does not say whether it resumes, or not yet.
    case subscribed(resumed: Bool?)
    case update(Update)
    /// The reader holds the latest of everything as of here.
    case cursor([UInt8])
    /// All that existed when the subscription began has come.
    case live(resumed: Bool?)
    /// Forget what is held: a full snapshot follows.
    case reset
    case gap(Gap)
    case goodbye(reason: String, reconnectAfterMilliseconds: UInt64?)
    /// The delay that retries should begin with.
    case retry(milliseconds: UInt64)
    /// Nothing new but life.
    case heartbeat
    /// A complaint that the link survives.
    case error(code: String, message: String)
    /// One poll's answer is complete: ask again.
    case answered(isEmpty: Bool)
}
