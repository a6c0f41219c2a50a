/// How a node takes part in its cluster.
package import Broker
internal import Primitives

package struct ClusterSettings: Sendable {
    /// No two nodes have the same.
    package var node: String
    /// Which topics are kept how: the same on all nodes.
    package var rules: Sequencer.Retention
    /// A checkpoint is made when so many bytes of log have come since the last one, and as many as that one has.
    package var checkpointByteCount = 64 << 20

    /// What the others are told: the URL where this node is reached, how many connections it has, and whether it is to end.
    package var address = ""
    package var connectionCount: @Sendable () -> Int = { 0 }
    package var isDraining: @Sendable () -> Bool = { false }
    /// Does what another node has ordered, and has `ClusterLog.report` told of it. Whoever does not understand it tells nothing.
    package var carryOut: @Sendable (NodeOrder) -> Void = { _ in }

    package init(node: String, rules: Sequencer.Retention) {
        self.node = node
        self.rules = rules
    }
}

/// What a node has to say. `reason` is a sentence without its full stop.
package enum ClusterNotice: Sendable {
    /// The stream of updates is lost, and there again.
    case away(reason: String)
    case back
    /// All is restored, or anew: what was there before was not the log's any more.
    case loaded(epoch: String, position: UInt64, topicCount: Int)
    /// The log goes on in another epoch.
    case continued(epoch: String)
    /// The log takes nothing, and takes updates again.
    case refused(reason: String)
    case takesAgain
    /// The server refuses to keep notes, or to give them away.
    case notesRefused(reason: String)
    case checkpointFailed(reason: String)
    case checkpointMade(position: UInt64, byteCount: Int)
    /// Another process that lives has this node's name.
    case nameTaken(process: String, address: String)
    /// A feed that runs on one node at a time: this one, or another; nil: nobody is known to have it.
    case feedIsHere(String)
    case feedIsElsewhere(String, node: String?)
    /// This node can't take part until somebody changes something.
    case unusable(reason: String)
}
