/// What a node of a cluster counts, each written down once: its name in `/stats`, in `/metrics`, and what it says.
internal import Broker
internal import Primitives

enum ClusterFigure: String, CaseIterable {
    case position, lag, awaySeconds, nodesKnown, nodesAway, appendedRecords, appendedBytes, checkpoints
    case ticketsMade, ticketsRedeemed, ticketsUnavailable

    var kind: Figure.Kind {
        switch self {
        case .appendedRecords, .appendedBytes, .checkpoints: .counter
        case .ticketsMade, .ticketsRedeemed, .ticketsUnavailable: .counter
        default: .gauge
        }
    }

    var metric: String {
        switch self {
        case .position: "tidegate_cluster_position"
        case .lag: "tidegate_cluster_lag_records"
        case .awaySeconds: "tidegate_cluster_away_seconds"
        case .nodesKnown: "tidegate_cluster_nodes"
        case .nodesAway: "tidegate_cluster_nodes_away"
        case .appendedRecords: "tidegate_cluster_records_total"
        case .appendedBytes: "tidegate_cluster_bytes_total"
        case .checkpoints: "tidegate_cluster_checkpoints_total"
        case .ticketsMade: "tidegate_cluster_tickets_made_total"
        case .ticketsRedeemed: "tidegate_cluster_tickets_redeemed_total"
        case .ticketsUnavailable: "tidegate_cluster_tickets_unavailable_total"
        }
    }

    var help: String {
        switch self {
        case .position: "The last position of the cluster's log that this node has applied."
        case .lag: "Entries of the log behind that, a second ago at most."
        case .awaySeconds: "For how long this node has been without the log; 0: it has it."
        case .nodesKnown: "Nodes that were heard within the last hour."
        case .nodesAway: "Those of them that have said nothing for 10 seconds."
        case .appendedRecords: "Records that this node has appended since its start."
        case .appendedBytes: "Bytes that this node has appended since its start."
        case .checkpoints: "Checkpoints that this node has made since its start."
        case .ticketsMade: "Tickets that this node has made for all nodes."
        case .ticketsRedeemed: "Tickets that were good at this node, whichever had made them."
        case .ticketsUnavailable:
            "Tickets that this node could neither make nor redeem, because the cluster's server did not say."
        }
    }

    /// - Parameter away: since when this node has lost the log.
    func value(in fleet: Fleet, away: Instant?, at now: Instant) -> Double {
        switch self {
        case .position: Double(fleet.own.position)
        case .lag: Double(fleet.own.lag)
        case .awaySeconds: away.map { max(now.since($0).inSeconds, 0.001) } ?? 0
        case .nodesKnown: Double(fleet.words.count)
        case .nodesAway: Double(fleet.awayCount(at: now))
        case .appendedRecords: Double(fleet.appendedRecords)
        case .appendedBytes: Double(fleet.appendedBytes)
        case .checkpoints: Double(fleet.checkpoints)
        case .ticketsMade: Double(fleet.ticketsMade)
        case .ticketsRedeemed: Double(fleet.ticketsRedeemed)
        case .ticketsUnavailable: Double(fleet.ticketsUnavailable)
        }
    }
}
