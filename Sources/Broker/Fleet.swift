/// The nodes of a cluster as one of them knows them, and what that one counts of the log that they share.
package import Primitives

package struct Fleet: Sendable {
    /// What a node says of itself.
    package struct Node: Sendable, Equatable {
        package var name: String
        /// Where others and people reach it: a URL.
        package var address = ""
        package var version = ""
        /// The epoch that it follows; empty: it has loaded nothing yet.
        package var epoch = ""
        /// The last position of the log that it has applied.
        package var position: UInt64 = 0
        /// Entries of the log behind that, as far as it knew.
        package var lag: UInt64 = 0
        package var connections = 0
        /// It takes nobody in any more.
        package var isDraining = false

        package init(name: String) { self.name = name }
    }

    /// The last word of a node.
    package struct Word: Sendable, Equatable {
        package let node: Node
        /// When it came, by the clock of the log's server.
        package let time: UnixTime
        /// The same moment by the clock of this process.
        package let instant: Instant

        package init(_ node: Node, time: UnixTime, at instant: Instant) {
            self.node = node
            self.time = time
            self.instant = instant
        }

        /// Whether the node has been silent for so long that it counts as away. All are where this one hears nothing any more.
        package func isAway(at now: Instant) -> Bool { now.since(instant) >= Fleet.patience }
    }

    /// A feed that runs on one node at a time.
    package struct Lease: Sendable, Equatable {
        package let feed: String
        /// The node that has it; nil: nobody is known to.
        package var node: String?
        /// Until when this node has it for sure.
        package var end: Instant

        package init(_ feed: String, of node: String?, until end: Instant) {
            self.feed = feed
            self.node = node
            self.end = end
        }

        package func isHere(at now: Instant) -> Bool { now < end }
    }

    package static let patience = Duration.seconds(10)

    /// This one at present.
    package var own: Node
    /// Of all nodes that have been heard within the last hour, in the order of their names; of this one too.
    package var words: [Word] = []
    /// In the order of their names.
    package var leases: [Lease] = []
    /// What this node has appended since its start.
    package var appendedRecords = 0
    package var appendedBytes = 0
    /// Checkpoints that this node has made since its start.
    package var checkpoints = 0
    /// Tickets since then: left for all nodes, redeemed here, and those of which nobody could say what they are.
    package var ticketsMade = 0
    package var ticketsRedeemed = 0
    package var ticketsUnavailable = 0

    package init(own: Node) { self.own = own }

    package func lease(of feed: String) -> Lease? { leases.first { $0.feed == feed } }

    /// Whether another node takes readers in.
    package func hasOthers(at now: Instant) -> Bool {
        words.contains { word in
            let node = word.node
            return node.name != own.name && !word.isAway(at: now) && !node.isDraining && !node.epoch.isEmpty
        }
    }

    package func awayCount(at now: Instant) -> Int { words.count { $0.isAway(at: now) } }
}
