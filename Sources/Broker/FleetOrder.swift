/// An order that all processes which share a log carry out, and what came of it.

/// What the others have made of it.
package struct OrderTally: Sendable, Equatable {
    /// What they have counted, together.
    package var count = 0
    /// So many have carried it out.
    package var nodeCount = 0
    /// Nodes that were heard within the last hour, and have not said that they have: nobody knows whether they did, or will.
    package var missing: [String] = []

    package init(count: Int = 0, nodeCount: Int = 0, missing: [String] = []) {
        self.count = count
        self.nodeCount = nodeCount
        self.missing = missing
    }
}

package protocol OrderReceiver: AnyObject, Sendable {
    /// Any thread, and never under a lock of the log.
    func received(_ tally: OrderTally)
}
