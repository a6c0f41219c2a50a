/// Who gives orders to all nodes, and what the nodes made of them.
internal import Broker
internal import Cluster
internal import Primitives
internal import Synchronization

final class OrderGivers: Sendable {
    final class Giver: OrderReceiver {
        let number: Int
        let node: String
        private let state = Mutex<[OrderTally]>([])

        init(_ number: Int, _ node: String) {
            self.number = number
            self.node = node
        }

        func received(_ tally: OrderTally) { state.withLock { $0.append(tally) } }
        var tallies: [OrderTally] { state.withLock { $0 } }
    }

    private struct State {
        var givers: [Giver] = []
        var giverCount = 0
        /// By the order's number: which nodes have carried it out.
        var done: [Int: [String]] = [:]
    }

    private let state = Mutex(State())

    var unansweredCount: Int { state.withLock { $0.givers.count { $0.tallies.isEmpty } } }

    /// A node that has died answers nobody.
    func forget(_ node: String) { state.withLock { $0.givers.removeAll { $0.node == node } } }

    func give(at node: SimulatedNode, _ time: WorldTime) -> Giver? {
        let number = state.withLock { state in
            state.giverCount += 1
            return state.giverCount
        }
        let giver = Giver(number, node.name)
        guard node.log.order(Array("\(number)".utf8), until: time.now + .seconds(4), for: giver) else {
            return nil
        }
        state.withLock { $0.givers.append(giver) }
        return giver
    }

    /// What each node counts: one.
    func carryOut(_ order: NodeOrder, at node: String) {
        guard let number = Int(order.content.span.text) else { preconditionFailure("what order is that?") }
        state.withLock { $0.done[number, default: []].append(node) }
    }

    /// What must not have happened; nil: nothing.
    func fault() -> String? {
        state.withLock { state in
            for giver in state.givers {
                guard let tally = giver.tallies.first else { continue }
                let done = state.done[giver.number] ?? []
                if giver.tallies.count > 1 { return "order \(giver.number) was told twice" }
                if done.contains(giver.node) { return "order \(giver.number) came back to its node" }
                if tally.nodeCount > Set(done).count { return "order \(giver.number): \(tally), but \(done)" }
                if tally.count != tally.nodeCount { return "order \(giver.number) counts \(tally)" }
                if tally.missing.contains(giver.node) { return "order \(giver.number): \(tally)" }
            }
            state.givers.removeAll { !$0.tallies.isEmpty }
            return nil
        }
    }
}
