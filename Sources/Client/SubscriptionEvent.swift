/// What a subscriber is told, whatever transport carries it.
package enum SubscriptionEvent: Sendable, Equatable {
    /// A link is made and the subscription accepted.
    case connected(SubscriptionTransport)
    /// `conflated`: how many updates of this topic were replaced on the way, as its version shows.
    case update(Update, conflated: UInt64)
    /// All that existed has come; from here on it is live.
    case live
    /// Forget what is held: a full snapshot follows.
    case reset
    case gap(Gap)
    /// Presented later, on any transport, this resumes behind everything that was told so far.
    case cursor([UInt8])
    case error(code: String, message: String)
    /// The link has ended; nil: there will be no other.
    case disconnected(ClientFailure, retryAfter: Duration?)
}
