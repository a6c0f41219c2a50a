/// What a subscription reports, over any transport.
package enum SubscriptionEvent: Sendable, Equatable {
    /// A link exists, and the gateway has accepted the subscription.
    case connected(SubscriptionTransport)
    /// `conflated`: how many updates of this topic newer ones replaced on the way; its version shows that.
    case update(Update, conflated: UInt64)
    /// The snapshot is complete; from here on updates are live.
    case live
    /// Forget all values: a full snapshot follows.
    case reset
    case gap(Gap)
    /// The topic's latest value counts as stale, until the next one comes. Only a subscription that wants to know is told.
    case stale(Staleness)
    /// The gateway has lost the stream of updates, so that what it says may be behind; or has it again. With a new link it has.
    case away(Bool)
    /// There is nothing to tell, and the link lives.
    case heartbeat
    /// Presented later, on any transport, this cursor resumes behind all events so far.
    case cursor([UInt8])
    case error(code: String, message: String)
    /// The link has ended; nil: there will be no other.
    case disconnected(ClientFailure, retryAfter: Duration?)
}
