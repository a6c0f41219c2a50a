/// The smaller values that the model is made of.
package import Client
package import Primitives

/// What is asked of the gateway, and over what.
package struct WatchSubscription: Sendable, Equatable {
    package var topics: [String]
    package var transport: SubscriptionTransport
    /// Updates of a topic a second; nil for all.
    package var pace: Double?

    package init(
        topics: [String], transport: SubscriptionTransport = .webSocket,
        pace: Double? = WatchSubscription.usualPace
    ) {
        self.topics = topics
        self.transport = transport
        self.pace = pace
    }

    /// As often as the screen is drawn: what comes in between nobody would see.
    package static let usualPace = 10.0
    /// What `+` and `-` step through; beyond the last there is no limit.
    static let paces = [0.2, 0.5, 1, 2, 5, 10, 20, 30]

    mutating func stepPace(faster: Bool) {
        if faster {
            pace = pace.flatMap { pace in Self.paces.first { $0 > pace } }
        } else {
            pace = Self.paces.last { $0 < pace ?? .infinity } ?? pace
        }
    }

    /// How long a frame lasts: as long as the pace, between a thirtieth of a second and a fifth.
    package var frameDuration: Duration {
        .nanoseconds(Int64(1e9 / min(max(pace ?? 30, 5), 30)))
    }
}

package enum LinkState: Sendable, Equatable {
    case connecting
    /// Connected; what existed is still coming.
    case snapshot
    case live
    case waiting(reason: String, until: Instant)
    case ended(reason: String)
}

/// A line that is being typed.
package enum Prompt: Sendable, Equatable {
    /// `before`: what Esc brings back.
    case filter(before: String)
    case pattern(String)
}

package struct Notice: Sendable, Equatable {
    package let text: String
    package let isWarning: Bool
    package let until: Instant
}

/// What the model wants done by those who can.
package enum Effect: Sendable, Equatable {
    case quit
    case suspend
    /// Draw everything anew: something else wrote on the screen.
    case redraw
    /// Subscribe as the model now says; `isWhole`: from a snapshot, because topics were added.
    case subscribe(isWhole: Bool)
}
