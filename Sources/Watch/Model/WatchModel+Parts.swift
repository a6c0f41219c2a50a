/// The smaller values that make up the model.
package import Client
package import Primitives

/// What the session asks of the gateway, and over which transport.
package struct WatchSubscription: Sendable, Equatable {
    package var topics: [String]
    package var transport: SubscriptionTransport
    /// Updates of a topic a second; nil for all.
    package var pace: Double?
    /// How many of the updates that a log keeps are wanted; nil: all.
    package var last: Int?

    package init(
        topics: [String], transport: SubscriptionTransport = .webSocket,
        pace: Double? = WatchSubscription.usualPace
    ) {
        self.topics = topics
        self.transport = transport
        self.pace = pace
    }

    /// As often as the screen is drawn: nobody would see updates in between.
    package static let usualPace = 10.0
    /// The steps of `+` and `-`; beyond the last there is no limit.
    static let paces = [0.2, 0.5, 1, 2, 5, 10, 20, 30]

    mutating func stepPace(faster: Bool) {
        if faster {
            pace = pace.flatMap { pace in Self.paces.first { $0 > pace } }
        } else {
            pace = Self.paces.last { $0 < pace ?? .infinity } ?? pace
        }
    }

    package var request: SubscriptionRequest {
        var request = SubscriptionRequest(topics: topics, maxRate: pace)
        request.last = last
        request.wantsStaleness = true
        return request
    }

    /// The duration of a frame: that of the pace, between a thirtieth and a fifth of a second.
    package var frameDuration: Duration {
        .nanoseconds(Int64(1e9 / min(max(pace ?? 30, 5), 30)))
    }
}

package enum LinkState: Sendable, Equatable {
    case connecting
    /// Connected; the snapshot is still coming.
    case snapshot
    case live
    case waiting(reason: String, until: Instant)
    case ended(reason: String)
}

/// A line that the person is typing.
package enum Prompt: Sendable, Equatable {
    /// `before`: the filter that Esc restores.
    case filter(before: String)
    case pattern(String)
}

package struct Notice: Sendable, Equatable {
    package let text: String
    package let isWarning: Bool
    package let until: Instant
}

/// An action that the model needs from the session.
package enum Effect: Sendable, Equatable {
    case quit
    case suspend
    /// Draw everything again: another program wrote on the screen.
    case redraw
    /// Subscribe as the model now says. `isWhole`: from a snapshot, because topics were added.
    case subscribe(isWhole: Bool)
}
