import ClusterSimulation
import TestSupport
import Testing

/// What was promised holds on all nodes, in worlds in which servers fail over, restart, part and forget, and nodes are cut, paused and killed.
///
/// A failure names its seed; `TIDEGATE_SEED=<seed>` runs that one alone, and `make simulate-cluster` 10,000, much faster.
@Suite struct ClusterSimulationTests {
    @Test func allNodesTellTheSame() throws {
        for seed in seeds(40) {
            let outcome = ClusterSimulation.run(seed: seed, keepsHistory: askedSeed != nil)
            guard let failure = outcome.failure else { continue }
            Issue.record("TIDEGATE_SEED=\(seed): \(failure)\n\(outcome.history.joined(separator: "\n"))")
            return
        }
    }
}
